"""Execute notebooks in a real Jupyter kernel, every cell, as JupyterLab's Run All does.

The outputs are saved in the notebooks, cleaned as `nbdev_clean` does, pictures for
screens of twice the resolution and in few colours, which keeps notebooks small. With `--check`
nothing is saved: the notebooks run in a copy of their folder, and each must pass; with
`--root` they run from the folder above theirs.
Live widget views are dropped from what is saved: their ids are new on every run, and
without a kernel they would be blank.
"""
import argparse
import base64
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from execnb.nbio import dict2nb, write_nb
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbdev.clean import clean_nb
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbformat.v4.rwbase import split_lines
from PIL import Image

WIDGET = 'application/vnd.jupyter.widget-view+json'


def drop_live(nb):
    "Keep the static form of widget outputs, and no progress bars."
    nb.metadata.pop('widgets', None)
    for cell in nb.cells:
        if cell.cell_type != 'code': continue
        live = [o for o in cell.outputs if WIDGET in o.get('data', {})]
        for o in live: del o['data'][WIDGET]
        for o in cell.outputs:
            if 'image/png' in o.get('data', {}): o['data']['image/png'] = fewer_colours(o['data']['image/png'])
        cell.outputs = [o for o in cell.outputs if (o not in live or 'text/html' in o['data']) and o.get('name') != 'stderr']


def fewer_colours(png):
    "The same picture, base64, with a palette of 128 colours."
    out, im = io.BytesIO(), Image.open(io.BytesIO(base64.b64decode(png))).convert('RGB')
    im.quantize(128, dither=Image.Dither.NONE).save(out, 'png', optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def execute(path, timeout, folder):
    nb = nbformat.read(path, as_version=4)
    NotebookClient(nb, timeout=timeout, kernel_name='python3', coalesce_streams=True,
                   extra_arguments=["--InlineBackend.figure_formats={'retina'}"],
                   resources={'metadata': {'path': str(folder)}}).execute()
    return nb


def save(nb, path):
    drop_live(nb)
    cfg, plain = get_config(), dict2nb(split_lines(nb))
    clean_nb(plain, allowed_metadata_keys=cfg.allowed_metadata_keys.split(),
             allowed_cell_metadata_keys=cfg.allowed_cell_metadata_keys.split(), clean_ids=cfg.clean_ids)
    write_nb(plain, path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('notebooks', nargs='*', type=Path)
    ap.add_argument('--check', action='store_true', help='save nothing')
    ap.add_argument('--root', action='store_true', help='run from the folder above')
    ap.add_argument('--timeout', type=int, default=600, help='seconds per cell')
    a = ap.parse_args()
    todo, bad = a.notebooks or sorted(nbglob(as_path=True)), 0
    tmp = Path(tempfile.mkdtemp())
    if a.check: shutil.copytree(get_config().nbs_path, tmp/'nbs')
    for p in todo:
        t = time.time()
        try:
            path = tmp/'nbs'/p.name if a.check else p.absolute()
            nb = execute(path, a.timeout, path.parent.parent if a.root else path.parent)
            if not a.check: save(nb, p)
            print(f'ok    {p.name:24} {time.time()-t:6.1f}s', flush=True)
        except CellExecutionError as e:
            bad += 1
            print(f'FAIL  {p.name:24} {time.time()-t:6.1f}s\n{e}', flush=True)
    shutil.rmtree(tmp)
    print(f'{len(todo)-bad} of {len(todo)} notebooks ran to the end')
    return 1 if bad or not todo else 0


if __name__ == '__main__': sys.exit(main())
