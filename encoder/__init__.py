"""The model: preprocessing, network, weights, artifact, runtime. Light to import.

`network` and `weights` need Keras and are imported by `training/` alone; whoever searches or tags
takes `artifact` and `runtime`, which need NumPy and OpenVINO only.
"""
