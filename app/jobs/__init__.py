"""Long work away from the GUI thread: worker processes, worker threads, and the list of what runs."""
