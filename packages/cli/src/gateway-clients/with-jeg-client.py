"""What the Python client of Jupyter Enterprise Gateway gets of the gateway at GATEWAY_HOST, as JSON."""

import json
import os

from enterprise_gateway.client.gateway_client import GatewayClient

client = GatewayClient(host=os.environ["GATEWAY_HOST"])
kernel = client.start_kernel("python3", username="alice", extra_env={"KERNEL_X": "from the client"})
seen = {}
try:
    seen["printed"] = kernel.execute("print('hello')")
    seen["env"] = kernel.execute("import os; [os.environ[name] for name in ('KERNEL_X', 'KERNEL_USERNAME')]")
    seen["failed"] = kernel.execute("1/0")
    kernel.start_interrupt_thread(0.5)
    seen["interrupted"] = kernel.execute("import time; time.sleep(60)")
    kernel.terminate_interrupt_thread()
    seen["state"] = kernel.get_state()
    kernel.execute("x = 1")
    seen["restarted"] = kernel.restart()
    seen["forgotten"] = kernel.execute("'x' in dir()")
finally:
    client.shutdown_kernel(kernel)
print(json.dumps(seen))
