"""The production-like set of docker-compose.yml, run on this machine without containers (X7, X11, X22).

Every process gets the very command, environment and files that the file gives it; only where things are is
translated. What of the file no run without containers can show stands in `translation.NOT_RUN`, with the reason.
"""
