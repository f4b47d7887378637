# Runs a notebook's cells by a kernel, as Jupyter does, and prints the notebook with what they said:
# execute-notebook.py NOTEBOOK FOLDER DENO. In JUPYTER_PATH is a folder that this may write a kernel into.
import json
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.client import CellExecutionComplete

path, folder, deno = sys.argv[1:]
kernel = os.path.join(os.environ["JUPYTER_PATH"], "kernels", "deno")
os.makedirs(kernel)
with open(os.path.join(kernel, "kernel.json"), "w") as spec:
    argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    json.dump({"argv": argv, "display_name": "Deno", "language": "typescript"}, spec)


class Client(NotebookClient):
    """What a cell shows goes to that cell, as in Jupyter's pages: Deno may say that it is done before it is shown."""

    said_by = {}

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        self.said_by[parent_msg_id] = (cell, cell_index)
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            of = message["parent_header"].get("msg_id")
            if of not in self.said_by:
                continue
            try:
                self.process_message(message, *self.said_by[of])
            except CellExecutionComplete:
                if of == parent_msg_id:
                    return


notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
options = {"timeout": 600, "startup_timeout": 120, "iopub_timeout": 120, "raise_on_iopub_timeout": True}
client = Client(notebook, kernel_name="deno", resources={"metadata": {"path": folder}}, **options)
# What is late is heard while a last cell runs.
last = nbformat.v4.new_code_cell("await new Promise((resolve) => setTimeout(resolve, 2000)); console.log(1)")
notebook.cells.append(last)
client.execute()
notebook.cells.remove(last)
print(json.dumps(notebook))
