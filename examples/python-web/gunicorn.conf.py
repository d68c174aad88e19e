import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = 2
# The heartbeat of a worker is a file: in memory, a slow disk does not make it look dead.
worker_tmp_dir = "/dev/shm"
accesslog = "-"
