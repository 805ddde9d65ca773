"""The moving picture of README.md: both models of the package write side by side, one character per call.

`python nbs/images/hero.py` writes nbs/images/hero.svg beside this file. It moves by CSS alone, follows the
reader's colours, and shows the end to those who ask for less motion.
"""
from html import escape
from pathlib import Path

from llada_nb.checkpoint import load_pretrained
from llada_nb.explore import record
from llada_nb.sampling import prompt_ids

width, line, font, per_call, pause = 8.7, 21, 14.5, .09, 4.
sides = (('llada', 'LLaDA: the surest first', dict(remasking='margin')), ('ar', 'The baseline: left to right', {}))


def written(name, kw):
    model, tok, _ = load_pretrained(name)
    return record(model, tok, prompt_ids(tok, 'ROMEO:\n', 112, 256), seed=0, temperature=.5, **kw)


def glyphs(track, left):
    "A mask and a character for every position, at the place where the finished text has it."
    x, y = 0, 0
    for char, call in zip(track.text, track.step):
        at = f'x="{left+x*width:.1f}" y="{62+y*line}"'
        if char == '\n': x, y = 0, y+1; continue
        if call: yield f'<text {at} class="m a{call}">░</text>'
        if char != ' ': yield f'<text {at} class="c{f" b{call}" if call else ""}">{escape(char)}</text>'
        x += 1


def style(calls):
    total = calls*per_call + pause
    yield (f'text{{font:{font}px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#222;white-space:pre}}'
           f'.t{{font-weight:600;font-family:system-ui,sans-serif}}.m{{fill:#999;opacity:0}}'
           f'[class*=" "]{{animation:{total:.1f}s step-end infinite}}')
    for k in range(1, calls+1):
        at = 100*k*per_call/total
        yield f'@keyframes a{k}{{0%{{opacity:1}}{at:.2f}%{{opacity:0}}}}@keyframes b{k}{{0%{{opacity:0}}{at:.2f}%{{opacity:1}}}}'
        yield f'.a{k}{{animation-name:a{k}}}.b{k}{{animation-name:b{k}}}'
    yield '@media(prefers-color-scheme:dark){text{fill:#d9dce1}.m{fill:#777}}'
    yield '@media(prefers-reduced-motion:reduce){[class*=" "]{animation:none}}'


def main():
    tracks = [written(name, kw) for name, _, kw in sides]
    chars = max(len(l) for t in tracks for l in ''.join(t.text).split('\n'))
    lines, column = 1+max(''.join(t.text).count('\n') for t in tracks), (chars+4)*width
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {2*column:.0f} {62+lines*line}" width="{2*column:.0f}">',
             f'<title>{escape(" · ".join(t for _, t, _ in sides))}</title>', '<style>', *style(max(t.calls for t in tracks)), '</style>']
    for i, (track, (_, title, _)) in enumerate(zip(tracks, sides)):
        parts += [f'<text x="{8+i*column:.1f}" y="28" class="t">{escape(title)}</text>', *glyphs(track, 8+i*column)]
    (Path(__file__).parent/'hero.svg').write_text('\n'.join([*parts, '</svg>', '']), encoding='utf-8')


if __name__ == '__main__': main()
