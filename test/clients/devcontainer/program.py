print("it runs in " + __import__("os").environ["FROM_FILE"])
