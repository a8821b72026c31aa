"""Runs a notebook with nbclient and jupyter_server's GatewayKernelManager at JUPYTER_GATEWAY_URL; prints its outputs as JSON."""

import json

from jupyter_server.gateway.managers import GatewayKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook


def run(*sources):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(
        notebook, kernel_name="python3", kernel_manager_class=GatewayKernelManager, timeout=60
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells]


seen = {"outputs": run("import os; x = 20", "print(x + 1)\nx * 2", "os.environ['KERNEL_USERNAME']")}
try:
    run("1/0")
except CellExecutionError as error:
    seen["failed"] = error.ename
# In all more messages than the sockets between hold, and never more at once than the kernel's own holds (1,000).
cells = run(*["for i in range(500): print(i, flush=True)"] * 10)
seen["lines"] = sum(output["text"].count("\n") for outputs in cells for output in outputs)
print(json.dumps(seen))
