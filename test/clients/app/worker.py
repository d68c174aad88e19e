import time

from store import Store

store = Store()
print("worker: ready", flush=True)
while True:
    store.call("INCR", "work")
    time.sleep(0.2)
