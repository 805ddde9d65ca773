"""Process the notebooks for the site, as `nbdev_docs` does before it calls Quarto, and look at every page.

Each page must show the source and the parameters of what its notebook exports, and every
plot and grid that the notebook holds; its links must lead somewhere, and it must load nothing from another host.
"""
import json
import re
import shutil
import sys
from pathlib import Path

import nbdev.doclinks
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
from nbdev.serve import proc_nbs

text = lambda v: v if isinstance(v, str) else ''.join(v or '')
code = lambda nb: [c for c in nb['cells'] if c['cell_type'] == 'code']
widget = 'application/vnd.jupyter.widget-view+json'
hidden = lambda c: bool(re.search(r'^#\|\s*hide\s*$', text(c['source']), re.M))


def kinds(cells):
    "How many pictures and how many grids the outputs hold."
    outs = [o.get('data', {}) for c in cells for o in c.get('outputs', [])]
    html = [text(d.get('text/html', '')) for d in outs]
    html = [h+text(d.get('text/markdown', '')) for h, d in zip(html, outs)]       # the site gets raw HTML in Markdown
    return sum('image/png' in d for d in outs), sum('<table' in h and '<td' in h for h in html)


def links(cells, page):
    "What a page points at and loads: links inside that lead nowhere, widgets without a static form, anything from another host."
    for c in cells:
        outs = [d for o in c.get('outputs', []) if (d := o.get('data', {}))]
        html = [text(d.get(k, '')) for d in outs for k in ('text/html', 'text/markdown')] + [text(c['source'])]*(c['cell_type']=='markdown')
        if any(widget in d for d in outs): yield 'a live widget is left on the page'
        for h in html:
            yield from (f'loads {m}' for m in re.findall(r'<(?:script|img|iframe|link|source|embed|video)\b[^>]*?["\']?https?://[^\s"\'>]+', h))
            yield from (f'loads {m}' for m in re.findall(r'!\[[^\]]*\]\(https?://[^)]+\)|@import[^;]*https?:[^;]*|url\(["\']?https?:[^)]*', h))
            if c['cell_type']!='markdown': continue
            for target in re.findall(r'\]\(([^)\s#]+)[^)]*\)|<img[^>]*src="([^"]+)"', h):
                t = target[0] or target[1]                                         # /page.html would be the top of the host
                if re.match(r'https?:|mailto:', t): continue
                made = {re.sub(r'^\d+[a-zA-Z0-9]*_', '', p.stem)+'.html' for p in page.parent.glob('*.ipynb')}
                if t not in made and not (page.parent/t).exists(): yield f'a dead link: {t}'


def faults(path, page):
    src, out = (json.loads(p.read_text(encoding='utf-8')) for p in (path, page))
    if re.sub(r'^[#>] .*', '', text(src['cells'][0]['source']), flags=re.M).strip(): yield 'text in the cell of the title does not reach the page: give it a cell of its own'
    exported = [c for c in code(src) if re.search(r'^#\|\s*exports?\b', text(c['source']), re.M)]
    if any(re.search(r'^#\|\s*export\s*$', text(c['source']), re.M) for c in exported): yield 'a cell with `#| export` hides its source: use `#| exports`'
    shown = '\n'.join(text(c['source']) for c in code(out))
    everything = json.dumps(out['cells'], ensure_ascii=False)
    yield from links(out['cells'], page)
    signatures = re.findall(r'^```python.*?^```', '\n'.join(text(o.get('data', {}).get('text/markdown', '')) for c in code(out) for o in c.get('outputs', [])), re.M | re.S)
    if odd := [s for s in signatures if re.search(r'`\]\(', s)]: yield f'a link inside code: {odd[0][:100]}'
    own = re.sub(r'^@patch.*\ndef.*', '', '\n'.join(text(c['source']) for c in exported), flags=re.M)
    for name in re.findall(r'^(?:def|class) ([a-zA-Z]\w*)', own, re.M):
        if not re.search(rf'^(?:def|class) {name}\b', shown, re.M): yield f'the source of {name} is not shown'
        if f'### {name}' not in everything: yield f'no parameter table for {name}'
    for c in exported:
        for name, params in re.findall(r'^def ([a-z]\w*)\(\n(.*?)^\)', text(c['source']), re.M | re.S):
            bare = [l for l in params.splitlines() if l.strip() and '#' not in l and not re.match(r'\s*(?:self|cls):', l)]
            if bare: yield f'{name}: parameters without a comment: {bare[0].strip()}'
        for name in re.findall(r'^def ([a-z]\w*)\((?!self:)[^)\n]+\)[^#\n]*$', text(c['source']), re.M): yield f'{name}: parameters without a comment'
    want, got = kinds([c for c in code(src) if not hidden(c)]), kinds(code(out))
    if got[0] < want[0] or got[1] < want[1]: yield f'{want[0]} pictures and {want[1]} grids became {got[0]} and {got[1]}'
    if any(o.get('output_type') == 'error' for c in code(out) for o in c.get('outputs', [])): yield 'an output is an error'


def main():
    cfg = get_config()
    shutil.rmtree(cfg.config_path/'_proc', ignore_errors=True)
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    nbdev_sidebar.__wrapped__()
    pages = Path(proc_nbs(n_workers=2, force=True))
    bad, todo = 0, sorted(nbglob(as_path=True))
    for nb in todo:
        page = pages/re.sub(r'^\d+[a-zA-Z0-9]*_', '', nb.name)
        page = page if page.exists() else pages/nb.name
        found = list(faults(nb, page)) if page.exists() else ['no page was made']
        bad += bool(found)
        print('\n      '.join([f"{'FAIL' if found else 'ok':5} {nb.name}", *found]))
    return 1 if bad or not todo else 0


if __name__ == '__main__': sys.exit(main())          # proc_nbs spawns workers that import this file
