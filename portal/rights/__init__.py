"""Rights: what people may ask of their data. The only place that deletes rows holding persons."""
