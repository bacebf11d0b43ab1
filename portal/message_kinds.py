"""Each kind of mail: how it is rendered, and whom its fate is told to."""
