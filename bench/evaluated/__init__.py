"""What is evaluated on the research data, and the page that tells of it (``bench/evaluation_results.py``)."""
