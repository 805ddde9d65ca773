"""The site, built by a real Quarto and read in a real browser; ends with 77 where there is no Quarto on PATH or no Chromium.

Every page, light and dark, on a desk and on a phone: nothing is wider than the screen, all that is written in outputs, code and
controls can be read (contrast 4.5 at least; masks and what is switched off excepted), a direct link shows its heading, links lead somewhere, nothing comes
from another host, the player at the front plays by itself. A folder as an argument gets pictures of every page.
"""
import functools
import http.server
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import sync_playwright

root = Path(__file__).parent.parent
chromium = next((p for n in ('chromium', 'chromium-browser', 'google-chrome') if (p := shutil.which(n))), None)

unreadable = '''() => {
    const rgba = s => (s.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const over = ([r, g, b, a = 1], [R, G, B]) => [r*a+R*(1-a), g*a+G*(1-a), b*a+B*(1-a)];
    const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4); return .2126*r+.7152*g+.0722*b; };
    const ground = e => { const own = rgba(getComputedStyle(e).backgroundColor);
        return own[3] === undefined || own[3] === 1 || !e.parentElement ? own.slice(0, 3) : over(own, ground(e.parentElement)); };
    const bad = new Map();
    for (const e of document.querySelectorAll('main pre *, main pre, main button, main select, main label, main output, main .cell-output *, nav a, main a, main p, main td, figcaption')) {
        const own = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.replace(/[░¦\\s]/g, ''));
        if (!own.length || !e.offsetParent || e.closest('script, svg, math, [disabled], .anchorjs-link')) continue;
        const back = ground(e), ink = over(rgba(getComputedStyle(e).color), back);
        const [a, b] = [light(ink), light(back)].sort((x, y) => y-x), c = (a+.05)/(b+.05);
        const what = e.closest('code.sourceCode') ? `code ${e.className}` : `${e.tagName} ${e.className}`;
        if (c < 4.49 && !(bad.get(what)?.[0] < c)) bad.set(what, [c, own[0].data.trim().slice(0, 30)]);
    }
    return [...bad].map(([k, [c, s]]) => `${k} ${c.toFixed(2)} '${s}'`);
}'''

hidden = '''name => { const e = document.getElementById(name), h = e.matches('section') ? e.querySelector('h1,h2,h3,h4,h5') : e;
    const bar = document.querySelector('#quarto-header').getBoundingClientRect(), at = h.getBoundingClientRect();
    return at.top < bar.bottom-1 || at.top > innerHeight ? [at.top, bar.bottom] : null; }'''


def build(folder):
    "The site, from the processed notebooks, in a copy."
    subprocess.run([sys.executable, root/'.ci/proc.py'], check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.copytree(root/'_proc', folder/'_proc', ignore=shutil.ignore_patterns('_docs', '.quarto'))
    shutil.copy(root/'_quarto.yml', folder)
    done = subprocess.run(['quarto', 'render', '--no-execute'], cwd=folder/'_proc', capture_output=True, text=True)
    said = [l for l in (done.stdout+done.stderr).splitlines() if re.search('WARN|ERROR', l)]
    if done.returncode or said: sys.exit('\n'.join(said) or done.stderr[-2000:])
    return folder/'_proc/_docs'


def dead_links(docs):
    "Links from page to page, and to places on pages, that lead nowhere."
    pages = {p.name: p.read_text(encoding='utf-8') for p in docs.glob('*.html')}
    ids = {name: set(re.findall(r'\bid="([^"]+)"', html)) for name, html in pages.items()}
    for name, html in pages.items():
        for href in set(re.findall(r'<a [^>]*href="([^"]+)"', html)):
            if re.match(r'[a-z]+:|//', href) or href == '#': continue
            to, _, at = href.partition('#')
            to = to.removeprefix('./') or name
            if to not in pages and not (docs/to).exists(): yield f'{name}: a link to {to}, which is not there'
            elif at and to in ids and unquote(at) not in ids[to]: yield f'{name}: a link to {to}#{at}, which is not there'


def read(page, url, name, width, scheme, shots):
    "What is wrong with a page at one width in one theme."
    page.goto(f'{url}/{name}')
    page.wait_for_timeout(400)
    if (wide := page.evaluate('document.documentElement.scrollWidth')) > width: yield f'{wide} pixels wide'
    yield from page.evaluate(unreadable)
    if shots: page.screenshot(path=f'{shots}/{name[:-5]}-{width}-{scheme}.png', full_page=True)
    places = page.evaluate("[...document.querySelectorAll('main section[id]')].map(e => e.id)")
    for place in places[:1]+places[len(places)//2:][:1]:
        page.goto('about:blank')
        page.goto(f'{url}/{name}#{place}')
        page.wait_for_timeout(250)
        if where := page.evaluate(hidden, place): yield f'#{place} is not in sight: {where}'


def plays(page, url):
    "The player at the front begins with masks and moves by itself."
    page.goto(f'{url}/index.html')
    first = page.locator('.llada-player input').first.input_value()
    page.wait_for_timeout(2500)
    later = page.locator('.llada-player input').first.input_value()
    if not int(first) < 12 < int(later): yield f'the player at the front stands still: {first}, {later}'
    if '░' not in page.locator('.hero pre').first.inner_text(): yield 'the player at the front shows no masks'


def main(shots=None):
    if not shutil.which('quarto') or not chromium:
        print('no quarto, or no browser')
        return 77
    folder, faults = Path(tempfile.mkdtemp()), []
    docs = build(folder)
    quiet = type('Quiet', (http.server.SimpleHTTPRequestHandler,), dict(log_message=lambda *a: None))
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(quiet, directory=str(docs)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, faults = f'http://127.0.0.1:{server.server_port}', [*dead_links(docs)]
    pages = sorted(p.name for p in docs.glob('*.html'))
    with sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=chromium, args=['--no-sandbox', '--disable-gpu'])
        for width, height in ((1400, 1000), (400, 850)):
            for scheme in ('light', 'dark'):
                page = browser.new_page(viewport=dict(width=width, height=height), color_scheme=scheme)
                page.on('request', lambda r: r.url.startswith((url, 'data:', 'about:')) or faults.append(f'asked for {r.url}'))
                page.on('pageerror', lambda e: faults.append(str(e)))
                for name in pages: faults += [f'{name}, {width}, {scheme}: {f}' for f in read(page, url, name, width, scheme, shots)]
                faults += [f'{width}, {scheme}: {f}' for f in plays(page, url)]
                page.close()
        browser.close()
    shutil.rmtree(folder)
    print(*faults, f'{len(pages)} pages, {len(faults)} faults', sep='\n')
    return bool(faults)


if __name__ == '__main__': sys.exit(main(*sys.argv[1:]))
