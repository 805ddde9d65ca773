"""What a person does, done in a real browser: `browser.py static` and `browser.py lab`.

`static`: the saved form of every widget, as a page from disk without a network, dark and light, wide and narrow:
scrubbing, playing and looking inside change what is shown; nothing fails to load, nothing is logged as an error.
`lab`: JupyterLab opens a notebook on a copy of nbs/, runs all cells, and the controls do what they say.
A folder as a second argument gets pictures. Needs Chromium and Playwright for Python; ends with 77 where there is no browser.
"""
import html
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

root = Path(__file__).parent.parent
nbs, script = root/'nbs', (root/'llada_nb/player.js').read_text(encoding='utf-8')
chromium = next((p for n in ('chromium', 'chromium-browser', 'google-chrome') if (p := shutil.which(n))), None)
flags = ('--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
         '--disable-component-update --disable-sync').split()
wide, narrow = dict(width=1400, height=1500), dict(width=400, height=1500)


def text(v): return v if isinstance(v, str) else ''.join(v)


def open_browser(pw, home):
    return pw.chromium.launch_persistent_context(str(home/'profile'), executable_path=chromium, headless=True,
                                                 args=flags, viewport=wide)


# --- static -------------------------------------------------------------------------------

def players(names):
    "The saved HTML of every output that holds a player, by notebook."
    for path in sorted(nbs.glob('*.ipynb')):
        if names and path.name not in names: continue
        for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
            for o in cell.get('outputs', []):
                page = text(o.get('data', {}).get('text/html', ''))
                if 'class="llada-player"' in page: yield path.stem, page


class Saved:
    "A player on a page, and what its data say."
    def __init__(self, page, source, name):
        self.page, self.name = page, name
        box = page.locator('.llada-player')
        self.pre, self.slider, self.says = box.locator('pre'), box.locator('input'), box.locator('output')
        self.button, self.shade, self.inside = box.locator('button'), box.locator('select'), box.locator('.inside')
        self.data = json.loads(html.unescape(re.search("data-tracks='([^']*)'", source)[1]))
        self.n = len(self.data['labels'])-1

    def shown(self): return [self.pre.nth(i).inner_text() for i in range(self.pre.count())]

    def want(self, v): # What the data say should be shown at a place of the slider
        def now(way, call): return ([c[1] for c in way if c[0]<=call] or [None])[-1]
        return [''.join('░' if (t := now(way, track['ticks'][v])) is None else t for way in track['changes'])
                for track in self.data['tracks']]

    def press(self, key, times=1):
        self.slider.focus()
        for _ in range(times): self.page.keyboard.press(key)

    def colors(self): return self.pre.first.evaluate('e => [...e.children].map(c => c.style.background).join()')


def check_autoplay(p):
    "A player that begins by itself begins with masks, and moves."
    if not p.data['autoplay']: return
    assert '░' in ''.join(p.shown()) and int(p.slider.input_value())<p.n//2, f'{p.name}: it does not begin with masks'
    early = p.says.inner_text()
    p.page.wait_for_function('s => document.querySelector(".llada-player output").innerText!=s', arg=early, timeout=5000)
    p.button.click()
    p.press('End')


def check_scrubbing(p):
    "The slider shows every state, there and back; a finished text stands there at first."
    def bare(texts): return [t.rstrip('\n') for t in texts]       # a line break at the end has no line
    end = p.shown()
    assert all(len(t)>20 and '░' not in t for t in end), f'{p.name}: the finished text is not there at first'
    assert bare(end)==bare(p.want(p.n)), f'{p.name}: the end is not the end'
    p.press('Home')
    assert '░' in ''.join(p.shown()), f'{p.name}: the slider changes nothing'
    for v in range(p.n+1):
        assert bare(p.shown())==bare(p.want(v)), f'{p.name}: another text at {v}'
        assert p.says.inner_text()==p.data['labels'][v]
        p.press('ArrowRight')
    assert p.shown()==end


def check_inside(p):
    "A click looks inside, arrow keys go on from there, shades change."
    i = min(30, p.pre.first.locator('span').count()-2)
    p.pre.first.locator('span').nth(i).click()
    expect(p.inside).to_contain_text(f'position {i}:')
    p.pre.first.focus()
    p.page.keyboard.press('ArrowRight')
    expect(p.inside).to_contain_text(f'position {i+1}:')
    assert '%' in p.inside.inner_text(), f'{p.name}: no candidates inside'
    before = p.colors()
    p.shade.select_option('confidence')
    assert p.colors()!=before, f'{p.name}: shading does not change'


def check_second_thoughts(p):
    "A token that a call took away is marked where it stood, and named."
    if p.data['tracks'][0]['name']!='second thoughts': return 0
    said = {}
    for i, v in ((2, 3), (5, 4)):
        p.press('Home')
        p.press('ArrowRight', v)
        p.pre.first.locator('span').nth(i).click()
        marks = p.pre.first.evaluate('e => [...e.children].flatMap((c,i) => c.style.boxShadow ? [i] : [])')
        said[v] = marks, p.inside.inner_text().split('   ')[0].split(': ')[1]
    assert said=={3: ([2], 'taken back, was knight'), 4: ([5], 'replaced, was sour')}, said
    return 1


def check_playing(p):
    "From the end it plays from the beginning; pause pauses."
    p.press('End')
    last = p.says.inner_text()
    p.button.click()
    p.page.wait_for_function('s => document.querySelector(".llada-player output").innerText!=s', arg=last, timeout=5000)
    p.button.click()
    still = p.says.inner_text()
    time.sleep(2.5*p.data['interval']/1000)
    assert p.says.inner_text()==still, f'{p.name}: pause does not pause'


def check_looks(p, shots):
    "Texts stand side by side where there is room, else below each other, and controls can be read on any ground."
    p.press('Home')
    p.press('ArrowRight', p.n//2)
    for size, scheme in ((wide, 'light'), (wide, 'dark'), (narrow, 'light'), (narrow, 'dark')):
        p.page.set_viewport_size(size)
        p.page.emulate_media(color_scheme=scheme)
        tops = [round(p.pre.nth(i).bounding_box()['y']) for i in range(p.pre.count())]
        rows = 1 if size is wide else len(tops)
        assert len(set(tops))==rows, f'{p.name}: {len(set(tops))} rows of texts at {size["width"]}'
        over = p.page.evaluate('document.documentElement.scrollWidth-innerWidth')
        assert over<=0, f'{p.name}: {over} pixels too wide at {size["width"]}'
        ink = [e.evaluate('e => getComputedStyle(e).color') for e in (p.page.locator('body'), p.button, p.shade, p.pre.first)]
        assert len(set(ink))==1, f'{p.name}: the controls have colours of their own, {ink}'
        if shots: p.page.screenshot(path=f'{shots}/{p.name}-{size["width"]}-{scheme}.png', full_page=True)
    p.page.set_viewport_size(wide)


def check_twice(page, file):
    "Two players on a page are independent of each other."
    page.goto(file.as_uri())
    page.locator('input').first.focus()
    page.keyboard.press('Home')
    a, b = (page.locator('.llada-player').nth(i).locator('pre').first.inner_text() for i in (0, 1))
    assert a!=b, 'two players on one page move together'


def static(shots=None, names=()):
    home, todo, wrong, second = Path(tempfile.mkdtemp()), list(players(names)), [], 0
    assert todo, 'no player in any notebook'
    head = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">' \
           '<meta name="viewport" content="width=device-width"><body style="font-family:sans-serif">'
    file = home/'page.html'
    with sync_playwright() as pw:
        ctx = open_browser(pw, home)
        ctx.set_offline(True)
        page = ctx.pages[0]
        listen(page, wrong)
        for i, (name, source) in enumerate(todo):
            name = f'{name}-{i}'
            assert script in source, f'{name}: saved with another player.js; run the notebook and save it'
            file.write_text(f'{head}<title>{name}</title>{source}', encoding='utf-8')
            page.goto(file.as_uri())
            p = Saved(page, source, name)
            for check in (check_autoplay, check_scrubbing, check_inside, check_playing): check(p)
            second += check_second_thoughts(p)
            check_looks(p, shots)
            assert not wrong, wrong
        file.write_text(head+source*2, encoding='utf-8')
        check_twice(page, file)
        ctx.close()
    shutil.rmtree(home, ignore_errors=True)
    assert second or names, 'no player in which a token is taken back'
    print(f'{len(todo)} players work as pages')


def listen(page, wrong):
    "Collect all that goes wrong on a page, and whatever it asks from elsewhere."
    page.on('pageerror', lambda e: wrong.append(str(e)))
    page.on('console', lambda m: m.type=='error' and wrong.append(m.text))
    page.on('requestfailed', lambda r: wrong.append(f'failed: {r.url}'))
    page.on('request', lambda r: r.url.startswith('file:') or wrong.append(f'asked for {r.url}'))


# --- lab ----------------------------------------------------------------------------------

def start_lab(folder, home):
    "JupyterLab on a free port: its process, address and token."
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    token, settings = secrets.token_hex(8), home/'settings/@jupyterlab'
    plain = {'notebook-extension/tracker': dict(windowingMode='none'),
             'apputils-extension/notification': dict(fetchNews='false', checkForUpdates=False)}
    for name, val in plain.items():
        f = settings/f'{name}.jupyterlab-settings'
        f.parent.mkdir(parents=True, exist_ok=True)
        f.write_text(json.dumps(val))
    env = os.environ | dict(
        JUPYTERLAB_SETTINGS_DIR=str(home/'settings'), JUPYTERLAB_WORKSPACES_DIR=str(home/'ws'),
        JUPYTER_CONFIG_DIR=str(home/'cfg'), JUPYTER_RUNTIME_DIR=str(home/'rt'),
        OMP_NUM_THREADS='1')                                      # beside a browser two threads wait for each other
    args = ['--no-browser', '--allow-root', '--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0',
            f'--IdentityProvider.token={token}', f'--ServerApp.root_dir={folder}', '--KernelManager.transport=ipc']
    log = open(home/'lab.log', 'w')
    p = subprocess.Popen([sys.executable, '-m', 'jupyterlab', *args], stdout=log, stderr=log, env=env)
    url = f'http://127.0.0.1:{port}'
    for _ in range(600):
        try:
            urllib.request.urlopen(f'{url}/api/status?token={token}', timeout=2).close()
            return p, url, token
        except OSError: time.sleep(.1)
        if p.poll() is not None: break
    p.kill()
    sys.exit((home/'lab.log').read_text())


finished = '''() => {
    const cells = [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].map(x =>
        [x.querySelector('.jp-InputPrompt').textContent.trim(), x.querySelector('.cm-content').textContent.trim()]);
    const bad = document.querySelector('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]');
    return bad || cells.length>0 && cells.every(([prompt, source]) => !source || /^\\[\\d+\\]:?$/.test(prompt))}'''


def run_all(page, url, token, name):
    "Open a notebook and press Run All; every cell must end with a number and none with an error."
    page.goto(f'{url}/lab/tree/{name}?token={token}&reset')
    page.wait_for_selector('.jp-NotebookPanel .jp-CodeCell', timeout=60000)
    expect(page.locator('#jp-main-statusbar')).to_contain_text('| Idle', timeout=60000)   # says idle before there is a kernel
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    page.wait_for_function(finished, timeout=300000)
    bad = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    assert bad.count()==0, f'{name}: {bad.first.inner_text()[:2000]}'


def check_outputs(page):
    "Texts, a grid and a curve, beside the widgets."
    panel = page.locator('.jp-NotebookPanel')
    assert panel.locator('.jp-OutputArea-output td').count()>1, 'no TokenGrid'
    assert panel.locator('.jp-OutputArea-output img').count()>0, 'no curve'
    assert panel.locator('.jp-OutputArea-output pre').count()>5, 'no texts'


def check_player(page):
    "The first live player: slider and Play move its text, the position slider looks inside."
    box = page.locator('.widget-vbox:has(.llada-live)').first
    box.scroll_into_view_if_needed()
    live, handle = box.locator('.llada-live').first, box.locator('.noUi-handle')
    before = live.inner_text()
    handle.nth(0).focus()
    page.keyboard.press('Home')
    for _ in range(8): page.keyboard.press('ArrowRight')
    expect(live).not_to_have_text(before, timeout=20000)
    assert '░' in live.inner_text()
    inside = box.locator('.widget-html').nth(1)
    was = inside.inner_text()
    handle.nth(1).focus()
    for _ in range(20): page.keyboard.press('ArrowRight')
    expect(inside).not_to_have_text(was, timeout=20000)
    handle.nth(0).focus()
    page.keyboard.press('End')
    expect(live).not_to_contain_text('░', timeout=20000)
    box.locator('.jupyter-widget-play, .widget-play').locator('button').first.click()  # from the end: from the beginning
    expect(live).to_contain_text('░', timeout=20000)
    expect(live).not_to_contain_text('░', timeout=60000)


def check_explorer(page):
    "Run writes, Stop stops, an error is one line."
    box = page.locator('.widget-vbox:has(textarea):has(button)').first
    box.scroll_into_view_if_needed()
    run, stop = (box.get_by_role('button', name=name) for name in ('Run', 'Stop'))
    status, prompt = box.locator('.widget-hbox:has(> button) > .widget-label').first, box.locator('textarea')

    def slide(n, key): # Of the sliders the first is the length, the second the calls
        box.locator('.noUi-handle').nth(n).focus()
        page.keyboard.press(key)

    def write(text):
        prompt.fill(text)
        page.keyboard.press('Tab')

    slide(0, 'End')                                               # long enough to be stopped
    slide(1, 'End')
    run.click()
    expect(status).to_contain_text('call', timeout=20000)
    stop.click()
    expect(status).to_contain_text('stopped after', timeout=20000)
    expect(box.locator('.llada-live')).to_contain_text('░')
    write('snow ☃')
    run.click()
    expect(status).to_contain_text('unknown character', timeout=20000)
    assert 'Traceback' not in page.locator('.jp-NotebookPanel').inner_text()
    write('KING')
    slide(1, 'Home')
    run.click()
    expect(status).to_contain_text('done in 1 call,', timeout=60000)
    expect(box.locator('.llada-live')).to_contain_text('KING')


def lab(shots=None, names=('06_explore.ipynb',)):
    home, wrong = Path(tempfile.mkdtemp()), []
    shutil.copytree(nbs, home/'nbs')
    p, url, token = start_lab(home/'nbs', home)
    try:
        with sync_playwright() as pw:
            ctx, start = open_browser(pw, home), time.time()
            page = ctx.pages[0]
            page.on('pageerror', lambda e: wrong.append(str(e)))
            for name in names:
                run_all(page, url, token, name)
                print(f'{name}: all cells ran in JupyterLab, {time.time()-start:.0f} s', flush=True)
                if 'explore' not in name: continue
                for check in (check_outputs, check_player, check_explorer): check(page)
                if shots: page.screenshot(path=f'{shots}/lab.png')
                print(f'{name}: the controls do what they say, {time.time()-start:.0f} s', flush=True)
            assert not wrong, wrong
            ctx.close()
    finally:
        p.terminate()
        p.wait(20)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == '__main__':
    if not chromium: sys.exit(print('no Chromium here: apt-get install chromium') or 77)
    shots = sys.argv[2] if len(sys.argv)>2 else None
    dict(static=static, lab=lab)[sys.argv[1]](shots=shots)
