"""Training, measuring and exporting the Progressive GANs in `weights/`. Start with README.md."""
