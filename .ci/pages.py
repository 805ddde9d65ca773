"""What a reader of the site needs, checked on every notebook without building it.

Pages that teach show a picture or a player within their first three outputs; pictures have a caption and a text for those who cannot see
them; a page has one title, which its links use; what `index` and `tutorial` print runs as printed, in a fresh interpreter; every
question of questions.json is answered where it says. Links between notebooks name the page that they lead to.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).parent.parent
nbs = root/'nbs'
text = lambda v: v if isinstance(v, str) else ''.join(v or '')
machinery = re.compile(r'00a|01[a-f]|04[ab]|05b|06a|07|commands|glossary')
as_printed = 'index', 'tutorial'


def cells(name): return json.loads((nbs/f'{name}.ipynb').read_text(encoding='utf-8'))['cells']
def directive(c, name): return re.search(rf'^#\|\s*{name}\b:?\s*(.*)$', text(c['source']), re.M)


def seen(c):
    "Whether a cell shows something to look at: a picture, a player, a grid."
    data = [o.get('data', {}) for o in c['outputs']]
    return any('image/png' in d or re.search('llada-player|<table', text(d.get('text/html'))) for d in data)


def title(name): return text(cells(name)[0]['source']).split('\n')[0].removeprefix('# ')


def faults(name):
    todo, every = [c for c in cells(name) if c['cell_type'] == 'code' and not directive(c, 'hide')], cells(name)
    first = [c for c in todo if c['outputs']][:3]
    if not machinery.match(name) and not any(map(seen, first)): yield 'nothing to look at in the first three outputs'
    for c in todo:
        if not any('image/png' in o.get('data', {}) for o in c['outputs']): continue
        for need in ('fig-cap', 'fig-alt'):
            said = directive(c, need)
            if not said or len(said[1]) < 20: yield f'a picture without {need}: {text(c["source"])[:60]!r}'
    prose = [c for c in every if c['cell_type'] == 'markdown']
    fences = re.compile(r'^```.*?^```', re.M | re.S)
    if (n := sum(len(re.findall(r'^# ', fences.sub('', text(c['source'])), re.M)) for c in prose)) != 1: yield f'{n} titles'
    for c in prose:
        if odd := re.search(r'\[`[^]`]*`\]\([\w#-]+', text(c['source'])): yield f'{odd[0]}: a name in code becomes a link by itself'
        for said, to in re.findall(r'\[([^]]*)\]\((\w+)\.ipynb', text(c['source'])):
            if not (nbs/f'{to}.ipynb').exists(): yield f'a link to {to}, which is not there'
            elif re.match(r'\d', said) and said != title(to): yield f"a link says '{said}', the page '{title(to)}'"


def printed(name):
    "Run what the page shows, top to bottom, in a fresh interpreter and an empty folder."
    shown = [text(c['source']) for c in cells(name) if c['cell_type'] == 'code' and not directive(c, 'hide')
             and not re.search(r'^#\|\s*echo:\s*false', text(c['source']), re.M)]
    env = os.environ | dict(MPLBACKEND='Agg', PYTHONPATH=str(root))
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([sys.executable, '-c', '\n'.join(shown)], cwd=empty, env=env, capture_output=True, text=True)
    if done.returncode: yield f'does not run as printed: {done.stderr.strip().splitlines()[-1]}'


def unanswered():
    for question, name, phrase in json.loads((Path(__file__).parent/'questions.json').read_text(encoding='utf-8')):
        page = '\n'.join(text(c['source']) + ''.join(text(o.get('data', {}).get('text/markdown')) for o in c.get('outputs', [])) for c in cells(name))
        if ' '.join(phrase.split()) not in ' '.join(page.split()): yield f'{question} is not answered in {name}: {phrase!r}'


def main():
    bad = 0
    for p in sorted(nbs.glob('*.ipynb')):
        found = [*faults(p.stem), *(printed(p.stem) if p.stem in as_printed else ())]
        bad += len(found)
        print('\n      '.join([f"{'FAIL' if found else 'ok':5} {p.name}", *found]))
    found = [*unanswered()] + [f'{p.name} is left in nbs/' for p in nbs.glob('*_files')]
    print(*found, sep='\n')
    return 1 if bad or found else 0


if __name__ == '__main__': sys.exit(main())
