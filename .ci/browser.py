"""What a person does, done in a real browser: `browser.py static` and `browser.py lab`.

`static`: the saved form of every widget, as a page from disk without a network: scrubbing, playing and looking inside change
what is shown; nothing fails to load, nothing is logged as an error.
`lab`: JupyterLab opens notebooks on a copy of nbs/, runs all cells, and the controls do what they say.
Needs Chromium and Playwright for Python; ends with 77 where there is no browser.
"""
import json
import os
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

nbs = Path(__file__).parent.parent/'nbs'
chromium = next((p for n in ('chromium', 'chromium-browser', 'google-chrome') if (p := shutil.which(n))), None)
flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split()
text = lambda v: v if isinstance(v, str) else ''.join(v)


def open_browser(pw, home, **kw):
    return pw.chromium.launch_persistent_context(str(home/'profile'), executable_path=chromium, headless=True, args=flags, viewport=dict(width=1400, height=1500), **kw)


def players():
    "The saved HTML of every output that holds a player, by notebook."
    for path in sorted(nbs.glob('*.ipynb')):
        for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
            for o in cell.get('outputs', []):
                html = text(o.get('data', {}).get('text/html', ''))
                if 'llada-player' in html: yield path.stem, html


def check_static(page, name):
    "One player: its slider, its button, its shades, its inside."
    pre, slider, say = page.locator('.llada-player pre'), page.locator('.llada-player input'), page.locator('.llada-player output')
    shown = lambda: [pre.nth(i).inner_text() for i in range(pre.count())]
    end, last = shown(), say.inner_text()
    assert pre.count() and all(len(t)>20 and '░' not in t for t in end), f'{name}: the finished text is not there at first'
    slider.focus()
    page.keyboard.press('Home')
    assert shown()!=end and '░' in ''.join(shown()), f'{name}: the slider changes nothing'
    start = shown()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    assert say.inner_text()!=last
    pre.first.locator('span').nth(30).click()
    expect(page.locator('.inside')).to_contain_text('position 30')
    pre.first.focus()
    page.keyboard.press('ArrowRight')
    expect(page.locator('.inside')).to_contain_text('position 31')
    colors = lambda: pre.first.evaluate('e => [...e.children].map(c => c.style.background).join()')
    page.keyboard.press('Tab')
    slider.focus()
    page.keyboard.press('End')
    before = colors()
    page.locator('.llada-player select').select_option('confidence')
    assert colors()!=before, f'{name}: shading does not change'
    page.locator('.inside').scroll_into_view_if_needed()
    assert '%' in page.locator('.inside').inner_text(), f'{name}: no candidates inside'
    page.locator('.llada-player button').click()                                    # from the end: plays from the beginning
    page.wait_for_function('s => document.querySelector(".llada-player output").innerText!=s', arg=say.inner_text(), timeout=5000)
    page.locator('.llada-player button').click()
    still = say.inner_text()
    time.sleep(.5)
    assert say.inner_text()==still, f'{name}: pause does not pause'
    slider.focus()
    page.keyboard.press('Home')
    assert shown()==start
    page.keyboard.press('End')
    assert shown()==end, f'{name}: the end is not the end'


def static(shots=None):
    home, todo, wrong = Path(tempfile.mkdtemp()), list(players()), []
    assert todo, 'no player in any notebook'
    with sync_playwright() as pw:
        ctx = open_browser(pw, home)
        ctx.set_offline(True)
        page = ctx.pages[0]
        page.on('pageerror', lambda e: wrong.append(str(e)))
        page.on('console', lambda m: m.type=='error' and wrong.append(m.text))
        page.on('requestfailed', lambda r: wrong.append(f'failed: {r.url}'))
        page.on('request', lambda r: r.url.startswith('file:') or wrong.append(f'asked for {r.url}'))
        for i, (name, html) in enumerate(todo):
            f = home/f'{i}.html'
            f.write_text(f'<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{name}</title>{html}', encoding='utf-8')
            page.goto(f.as_uri())
            check_static(page, f'{name}, player {i}')
            if shots: page.screenshot(path=f'{shots}/{name}{i}.png')
            assert not wrong, wrong
        f.write_text(f'<!doctype html><meta charset="utf-8">{html}{html}', encoding='utf-8')       # twice on a page: independent of each other
        page.goto(f.as_uri())
        page.locator('input').first.focus()
        page.keyboard.press('Home')
        a, b = (page.locator('.llada-player').nth(i).locator('pre').first.inner_text() for i in (0, 1))
        assert a!=b, 'two players on one page move together'
        ctx.close()
    shutil.rmtree(home, ignore_errors=True)
    print(f'{len(todo)} players work as pages')


def start_lab(root, home):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    token, settings = secrets.token_hex(8), home/'settings/@jupyterlab'
    for name, val in {'notebook-extension/tracker': dict(windowingMode='none'), 'apputils-extension/notification': dict(fetchNews='false', checkForUpdates=False)}.items():
        f = settings/f'{name}.jupyterlab-settings'
        f.parent.mkdir(parents=True, exist_ok=True)
        f.write_text(json.dumps(val))
    env = os.environ | {f'JUPYTERLAB_{k}_DIR': str(home/v) for k, v in dict(SETTINGS='settings', WORKSPACES='ws').items()} | dict(
        JUPYTER_CONFIG_DIR=str(home/'cfg'), JUPYTER_RUNTIME_DIR=str(home/'rt'))
    log = open(home/'lab.log', 'w')
    p = subprocess.Popen([sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root', '--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0',
                          f'--IdentityProvider.token={token}', f'--ServerApp.root_dir={root}', '--KernelManager.transport=ipc'], stdout=log, stderr=log, env=env)
    for _ in range(600):
        try: return p, f'http://127.0.0.1:{port}', token, urllib.request.urlopen(f'http://127.0.0.1:{port}/api/status?token={token}', timeout=2)
        except OSError: time.sleep(.1)
        if p.poll() is not None: break
    sys.exit((home/'lab.log').read_text())


def run_all(page, url, token, name):
    "Open a notebook and press Run All; every cell must end with a number and none with an error."
    page.goto(f'{url}/lab/tree/{name}?token={token}&reset')
    page.wait_for_selector('.jp-NotebookPanel .jp-CodeCell', timeout=60000)
    expect(page.locator('#jp-main-statusbar')).to_contain_text('| Idle', timeout=60000)   # the toolbar says idle before there is a kernel
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    page.wait_for_function('''() => {const c=[...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].map(x =>
        [x.querySelector('.jp-InputPrompt').textContent.trim(), x.querySelector('.cm-content').textContent.trim()]);
        const bad=document.querySelector('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]');
        return bad || c.length>0 && c.every(([p,s]) => !s || /^\\[\\d+\\]:?$/.test(p))}''', timeout=300000)
    bad = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    assert bad.count()==0, f'{name}: {bad.first.inner_text()[:2000]}'


def check_player(page):
    "The first live player: slider and Play move its text, the position slider looks inside."
    box = page.locator('.widget-vbox:has(.llada-live)').first
    box.scroll_into_view_if_needed()
    live, handle = box.locator('.llada-live').first, box.locator('.noUi-handle')
    before = live.inner_text()
    handle.nth(0).focus()
    for _ in range(8): page.keyboard.press('ArrowLeft')
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
    box.locator('.jupyter-widget-play, .widget-play').locator('button').first.click()    # from the end: from the beginning again
    expect(live).to_contain_text('░', timeout=20000)
    expect(live).not_to_contain_text('░', timeout=60000)


def check_explorer(page):
    "Run writes, Stop stops, an error is one line."
    box = page.locator('.widget-vbox:has(textarea):has(button)').first
    box.scroll_into_view_if_needed()
    run, stop, status = box.get_by_role('button', name='Run'), box.get_by_role('button', name='Stop'), box.locator('.widget-hbox:has(> button) > .widget-label').first
    box.locator('.noUi-handle').first.focus()                                       # the length: long enough to be stopped
    page.keyboard.press('End')
    box.locator('.noUi-handle').nth(1).focus()
    page.keyboard.press('End')
    run.click()
    expect(status).to_contain_text('call', timeout=20000)
    stop.click()
    expect(status).to_contain_text('stopped after', timeout=20000)
    expect(box.locator('.llada-live')).to_contain_text('░')
    box.locator('textarea').fill('snow ☃')
    page.keyboard.press('Tab')
    run.click()
    expect(status).to_contain_text('unknown character', timeout=20000)
    assert 'Traceback' not in page.locator('.jp-NotebookPanel').inner_text()
    box.locator('textarea').fill('KING')
    page.keyboard.press('Tab')
    box.locator('.noUi-handle').nth(1).focus()
    page.keyboard.press('Home')
    run.click()
    expect(status).to_contain_text('done in 1 calls', timeout=60000)
    expect(box.locator('.llada-live')).to_contain_text('KING')


def lab(names=('04_sampling.ipynb', '06_explore.ipynb'), shots=None):
    home = Path(tempfile.mkdtemp())
    shutil.copytree(nbs, home/'nbs')
    p, url, token, _ = start_lab(home/'nbs', home)
    try:
        with sync_playwright() as pw:
            ctx = open_browser(pw, home)
            page, wrong, start = ctx.pages[0], [], time.time()
            page.on('pageerror', lambda e: wrong.append(str(e)))
            for name in names:
                run_all(page, url, token, name)
                if 'explore' in name:
                    check_player(page)
                    check_explorer(page)
                    if shots: page.screenshot(path=f'{shots}/lab.png')
                print(f'{name}: all cells ran in JupyterLab, {time.time()-start:.0f} s', flush=True)
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
