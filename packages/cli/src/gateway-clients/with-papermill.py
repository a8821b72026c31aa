"""Runs a notebook with a parameter by papermill at JUPYTER_GATEWAY_URL, in the folder FOLDER; prints the last output as JSON."""

import json
import os

import nbformat
import papermill
from nbformat.v4 import new_code_cell, new_notebook

folder = os.environ["FOLDER"]
notebook = new_notebook(
    cells=[new_code_cell("a = 1", metadata={"tags": ["parameters"]}), new_code_cell("a * 2")],
    metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
)
nbformat.write(notebook, f"{folder}/in.ipynb")
papermill.execute_notebook(
    f"{folder}/in.ipynb",
    f"{folder}/out.ipynb",
    parameters={"a": 21},
    kernel_manager_class="jupyter_server.gateway.managers.GatewayKernelManager",
    progress_bar=False,
)
print(json.dumps(nbformat.read(f"{folder}/out.ipynb", 4).cells[-1].outputs))
