"Package metadata for `pip`, read from settings.ini so that each fact has one home."
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=(here/'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author=cfg['author'],
    author_email=cfg['author_email'],
    license='Apache-2.0',
    url=cfg['git_url'],
    keywords=cfg['keywords'],
    packages=find_packages(include=[cfg['lib_path'], cfg['lib_path']+'.*']),
    python_requires='>='+cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    extras_require={'hf': cfg['hf_requirements'].split(), 'eval': cfg['eval_requirements'].split(), 'dev': cfg['dev_requirements'].split()+cfg['hf_requirements'].split()},
    entry_points={'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"], 'console_scripts': cfg['console_scripts'].split()},
    package_data={cfg['lib_path']: ['player.js', 'weights/README.md', 'weights/*/config.json', 'weights/*/model.safetensors']},
    zip_safe=False,
)
