"""Files of any layout the field uses -> gold and predictions."""
