"""Write README.md from nbs/index.ipynb with nbdev's own processors and no Quarto.

It is the only writer of README.md: `readme_nb` in settings.ini names no notebook, so `nbdev_docs` leaves it alone.
The player at the top becomes the moving picture that nbs/images/hero.py makes, above its text form.
`--check` writes nothing and fails when README.md says something else or is long.
"""
import os
import re
import sys

os.environ['IN_TEST'] = '1'                      # as nbdev does while it processes
from execnb.nbio import read_nb                  # noqa: E402
from nbdev.config import get_config              # noqa: E402
from nbdev.processors import FilterDefaults      # noqa: E402


most = 170                                       # lines of README.md


def text(v): return v if isinstance(v, str) else ''.join(v)


def outputs(cell):
    "What a cell shows, as (kind, text): Markdown as it is, everything else, raw HTML too, in its text form."
    for o in cell.get('outputs', []):
        data = o.get('data', {})
        if o.output_type == 'stream': yield 'plain', text(o.text)
        elif 'text/markdown' in data and '{=html}' not in text(data['text/markdown']): yield 'md', text(data['text/markdown'])
        elif 'text/plain' in data and not any(k.startswith('image/') for k in data): yield 'plain', text(data['text/plain'])


def readme():
    cfg = get_config()
    nb = read_nb(cfg.nbs_path/'index.ipynb')
    FilterDefaults()(nb)
    near = lambda md: re.sub(r'\]\((\w+\.ipynb)', r'](nbs/\1', md)
    parts = [f"# {nb.frontmatter_['title']}", f"> {nb.frontmatter_['description']}"]
    for cell in nb.cells:
        if cell.cell_type == 'markdown':
            md = re.sub(r'\[(`[^`]+`)\]\([^)]*\.html#[^)]*\)', r'\1', cell.source.strip())    # symbol links work on the site only
            md = re.sub(r'<div class="doors">\n\n(.*?)\n\n</div>', lambda m: m[1].replace('\n', ' ·\n'), md, flags=re.S)
            parts.append(near(md))
        elif cell.cell_type == 'code':
            opts = dict(re.findall(r'^#\|\s*([\w-]+):\s*(\S+)', cell.source, flags=re.M))
            code = re.sub(r'^#\|.*\n?', '', cell.source, flags=re.M).strip()
            if code and opts.get('echo') != 'false': parts.append(f'``` python\n{code}\n```')
            if opts.get('classes') == 'hero': parts.append('![Two texts come out of masks, side by side](nbs/images/hero.svg)')
            for kind, s in outputs(cell):
                if opts.get('classes') == 'hero': s = s[:s.index('\n', s.rindex('│', 0, s.index('baseline')))]     # one of the two
                parts.append(near(s.strip()) if kind == 'md' else '``` text\n' + s.strip('\n') + '\n```')
    return cfg.config_path/'README.md', re.sub(r'\n{3,}', '\n\n', '\n\n'.join(parts)) + '\n'


def words(s):
    s = re.sub(r'<!--.*?-->', '', s, flags=re.S)
    return re.sub(r'```\s*(\w*)', r'``` \1', s.replace('\\', '')).split()


def main():
    path, new = readme()
    if '--check' not in sys.argv:
        path.write_text(new, encoding='utf-8')
        return 0
    dead = [t for t in re.findall(r'\]\(([^)\s#:]+)\)', new) if not (path.parent/t).exists()]
    if dead: print('README.md points at nothing:', *dead)
    a, b = words(path.read_text(encoding='utf-8')), words(new)
    if (n := new.count('\n')) > most: print(f'README.md has {n} lines, more than {most}')
    if a == b: return bool(dead) or n > most
    i = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    print(f"README.md is out of date: has '{' '.join(a[i:i+8])}', index.ipynb says '{' '.join(b[i:i+8])}'")
    return 1


if __name__ == '__main__': sys.exit(main())
