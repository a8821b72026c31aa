/**
 * What `/api` says. Clients read from it which of Jupyter's APIs there are: JupyterHub and VS Code want a 2.x, and 2.17 is the
 * jupyter_server that JupyterLab 4.6 asks for at least.
 */
export const serverVersion = '2.17.0';
