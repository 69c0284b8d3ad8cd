"""An organisation's months, made from the input and a seed: pure, the same every time, without I/O."""
