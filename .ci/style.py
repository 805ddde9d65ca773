"""What the plan of the house says about the shape of the code, on every notebook and module there is.

Modules stay under 450 lines (blank ones and nbdev's marks not counted), function bodies under 30 (parameters and comments not counted), visible code under 92 characters
(a page holds about 88); the notebooks' stored outputs hold no error.
"""
import ast
import json
import re
import sys
from pathlib import Path

root = Path(__file__).parent.parent
text = lambda v: v if isinstance(v, str) else ''.join(v or '')


def bodies(source):
    "Name and length of each function: the lines of its statements that hold code, nested functions included."
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef): continue
        body = node.body[1:] if ast.get_docstring(node) else node.body
        if not body: continue
        own = lines[body[0].lineno-1:node.end_lineno]
        yield node.name, sum(bool(l.strip()) and not l.strip().startswith('#') for l in own)


def main():
    bad = []
    for p in sorted((root/'llada_nb').glob('*.py')):
        if p.stem.startswith('_'): continue
        source = p.read_text(encoding='utf-8')
        n = sum(bool(l.strip()) and not l.startswith('# %%') for l in source.splitlines())
        if n > 450: bad.append(f'{p.name}: {n} lines')
        bad += [f'{p.name}: {name} has a body of {n} lines' for name, n in bodies(source) if n > 30]
    for p in sorted((root/'nbs').glob('*.ipynb')):
        for i, c in enumerate(json.loads(p.read_text(encoding='utf-8'))['cells']):
            if c['cell_type'] != 'code': continue
            s = text(c['source'])
            if not re.search(r'^#\|\s*(hide|echo:\s*false)\s*$', s, re.M):
                bad += [f'{p.name}, cell {i}: {len(l)} characters: {l.strip()[:60]}' for l in s.splitlines() if len(l) > 92 and not l.startswith('#|')]
            if any(o['output_type'] == 'error' for o in c['outputs']): bad.append(f'{p.name}, cell {i}: an output is an error')
    print(*bad, sep='\n')
    print(f'{len(bad)} faults of style')
    return bool(bad)


if __name__ == '__main__': sys.exit(main())
