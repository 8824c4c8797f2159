"""The review page: a day's clips seen, heard and corrected in a browser, on this machine alone."""
