/**
 * What the child process runs: `python -c`. It reads a request (one line of JSON), then the notebook's contents model; it
 * answers with one line of JSON and, after that, as many bytes as that line says.
 */
export const convertScript = String.raw`
import sys
# The folder of the notebook is no place to import from: it may have a json.py.
sys.path = [folder for folder in sys.path if folder]
import io, json, os

answers = os.fdopen(os.dup(1), "wb")
# What an exporter prints is for the log.
os.dup2(2, 1)

def answer(body=b"", **head):
    head["length"] = len(body)
    answers.write(json.dumps(head).encode("ascii") + b"\n" + body)
    answers.flush()
    sys.exit(0)

request = json.loads(sys.stdin.buffer.readline())
if request["do"] == "list":
    # Asked for when a notebook is opened, just as its kernel starts: that is what the user waits for.
    os.nice(10)

if request["do"] == "convert":
    try:
        model = json.loads(sys.stdin.buffer.read())
        content = model["content"]
        assert isinstance(content, dict)
        # A POST says its name here; never a path.
        request["metadata"]["name"] = request["metadata"]["name"] or os.path.splitext(os.path.basename(str(model.get("name") or "notebook")))[0]
    except Exception:
        answer(status="badRequest", message="The request has no notebook in its content")

try:
    from nbconvert.exporters.base import get_export_names, get_exporter
except ImportError as error:
    answer(status="missing", message=str(error))

if request["do"] == "list":
    formats = {}
    for name in get_export_names():
        try:
            formats[name] = {"output_mimetype": get_exporter(name).output_mimetype}
        except Exception:
            # Registered by a package that is broken or only half there.
            continue
    answer(status="ok", formats=formats)

try:
    exporter_class = get_exporter(request["format"])
except Exception:
    answer(status="unknownFormat", message="No exporter for format: " + request["format"])

try:
    import nbformat
    notebook = nbformat.from_dict(content)
    if notebook.get("nbformat", 4) != 4:
        notebook = nbformat.convert(notebook, 4)
except Exception as error:
    answer(status="badRequest", message="This is no notebook: %s" % error)

try:
    exporter = exporter_class()
    if request["sanitize"] is not None and hasattr(exporter, "sanitize_html"):
        exporter.sanitize_html = request["sanitize"]
    resources = {"metadata": request["metadata"], "config_dir": request["configDir"]}
    output, resources = exporter.from_notebook_node(notebook, resources=resources)
    if isinstance(output, str):
        output = output.encode("utf-8")
    name = request["metadata"]["name"]
    file_name = name + (resources.get("output_extension") or exporter.file_extension or "")
    if resources.get("outputs"):
        import zipfile
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(os.path.basename(file_name), output)
            for path, data in resources["outputs"].items():
                archive.writestr(os.path.basename(path), data)
        answer(buffer.getvalue(), status="ok", mimetype="application/zip", fileName=name + ".zip", isArchive=True)
    answer(output, status="ok", mimetype=exporter.output_mimetype or "", fileName=file_name, isArchive=False)
except Exception as error:
    import traceback
    traceback.print_exc()
    # Exporters explain at length; what they say first says what is wrong.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    answer(status="failed", message=" ".join(lines)[:1000] or type(error).__name__)
`;
