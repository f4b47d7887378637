# Runs a notebook's cells by a kernel, as Jupyter does, and prints the notebook with what they said:
# execute-notebook.py NOTEBOOK FOLDER DENO. In JUPYTER_PATH is a folder that this may write a kernel into.
import json
import os
import sys

import nbformat
from nbclient import NotebookClient

path, folder, deno = sys.argv[1:]
kernel = os.path.join(os.environ["JUPYTER_PATH"], "kernels", "deno")
os.makedirs(kernel)
with open(os.path.join(kernel, "kernel.json"), "w") as spec:
    argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    json.dump({"argv": argv, "display_name": "Deno", "language": "typescript"}, spec)

notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
client = NotebookClient(notebook, timeout=600, startup_timeout=120, kernel_name="deno", resources={"metadata": {"path": folder}})
client.execute()
print(json.dumps(notebook))
