"""The knowledge discovery agent on a real MediaWiki: `python3 interop/mediawiki/run.py`.

Installs Debian's `mediawiki` with PHP and SQLite by apt unless they are there (root), makes a wiki of the pages in
pages.wiki with MediaWiki's own installer and importer, serves it with PHP on 127.0.0.1, and lets the agent crawl it: by
infoboxes, with a model that obeys the pages, killed with SIGKILL after every record, and refused for replication lag.
Prints one line per proof and at last `N passed, N failed`; without the packages `0 passed, 0 failed, 1 not installed`.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MEDIAWIKI = Path("/usr/share/mediawiki")
PACKAGES = ["mediawiki", "php-cli", "php-sqlite3", "php-mbstring", "php-xml", "php-intl"]
TSX = ["node", str(ROOT / "node_modules" / "tsx" / "dist" / "cli.mjs"), str(HERE / "crawl.ts")]
tally = {"passed": 0, "failed": 0}


def check(claim: str, found, expected) -> None:
    if found == expected:
        tally["passed"] += 1
        print(f"passed  {claim}", flush=True)
    else:
        tally["failed"] += 1
        print(f"FAILED  {claim}\n  expected {expected!r}\n  found    {found!r}", flush=True)


def install() -> bool:
    """Whether MediaWiki and PHP are there, after asking apt for them if not."""
    if (MEDIAWIKI / "api.php").exists() and shutil.which("php"):
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    except FileNotFoundError:
        print("there is no apt-get here")
        return False
    if done.returncode != 0:
        print(f"apt could not install {' '.join(PACKAGES)}:\n{done.stderr.strip()}")
    return done.returncode == 0


def php(work: Path, script: str, *arguments: str) -> None:
    environment = {**os.environ, "MW_CONFIG_FILE": str(work / "LocalSettings.php")}
    command = ["php", str(MEDIAWIKI / "maintenance" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{script} failed:\n{done.stdout}{done.stderr}")


def make_wiki(work: Path, port: int) -> None:
    (work / "db").mkdir()
    password = secrets.token_urlsafe(18)
    server = f"http://127.0.0.1:{port}"
    database = ["--dbtype", "sqlite", "--dbpath", str(work / "db"), "--confpath", str(work)]
    installer = ["php", str(MEDIAWIKI / "maintenance" / "install.php"), *database]
    installer += ["--server", server, "--scriptpath", "", "--pass", password, "Wiki of invented diseases", "Admin"]
    environment = {name: value for name, value in os.environ.items() if name != "MW_CONFIG_FILE"}
    done = subprocess.run(installer, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"install.php failed:\n{done.stdout}{done.stderr}")
    extra = (HERE / "settings.php").read_text().removeprefix("<?php\n")
    with open(work / "LocalSettings.php", "a") as settings:
        settings.write(f"\n{extra}")
    pages = work / "pages"
    pages.mkdir()
    for block in (HERE / "pages.wiki").read_text().split("@@ ")[1:]:
        title, _, text = block.partition("\n")
        (pages / f"{title.replace(' ', '_')}.txt").write_text(text)
    php(work, "importTextFiles.php", "--overwrite", *[str(file) for file in sorted(pages.iterdir())])
    # Links to pages that came later, categories and page properties.
    php(work, "rebuildall.php")
    php(work, "runJobs.php")


@contextlib.contextmanager
def serving(work: Path, port: int):
    environment = {
        **os.environ,
        "MW_CONFIG_FILE": str(work / "LocalSettings.php"),
        "FLEMING_ACCESS_LOG": str(work / "access.jsonl"),
    }
    command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(MEDIAWIKI), str(HERE / "router.php")]
    with open(work / "php.log", "w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        for _ in range(100):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api.php?action=query&format=json", timeout=20).read()
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def crawl(api: str, folder: Path, mode: str) -> dict:
    done = subprocess.run([*TSX, api, str(folder), mode], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"crawl.ts {mode} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def crawl_killed(api: str, folder: Path, mode: str) -> int:
    """Crawls with a SIGKILL after every second record, until a run comes to its end; returns the number of kills."""
    for kills in range(100):
        environment = {**os.environ, "FLEMING_CRAWL_SLOW": "400"}
        command = [*TSX, api, str(folder), mode]
        run = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
            start_new_session=True,
        )
        seen = [line for line in (run.stderr.readline(), run.stderr.readline()) if line]
        if len(seen) < 2:
            return kills if run.wait() == 0 else -1
        # The session is ours alone: tsx and the node that it starts.
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return -1


def access(work: Path) -> list[dict]:
    file = work / "access.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if line["agent"].startswith("fleming")]


def triples_of(result: dict) -> set[str]:
    labels = {record["key"]: record["label"] for record in result["records"] if record["kind"] == "entity"}
    triples = [record for record in result["records"] if record["kind"] == "triple"]
    return {f"{labels[row['head']]} | {row['relation']} | {labels[row['tail']]}" for row in triples}


INFOBOX_TRIPLES = {
    "Marsh fever | has_finding | Chills",
    "Marsh fever | has_finding | Blue sweat",
    "Marsh fever | caused_by_organism | Paludella aquatica",
    "Marsh fever | has_risk_factor | Wet feet",
    "Marsh fever | has_risk_factor | Night fishing",
    "Marsh fever | diagnosed_by | Sweat colour test",
    "Marsh fever | complicated_by | Reed lung",
    "Marsh fever | mimicked_by | Heath fever",
    "Marsh fever | prevented_by | Dry boots",
    "Marsh fever | treated_by | Paludine",
    "Heath fever | has_finding | Chills",
    "Heath fever | mimicked_by | Marsh fever",
    "Heath fever | treated_by | Ericine",
    "Reed lung | has_finding | Whistling breath",
    "Paludine | in_class | Mossides",
    "Ericine | in_class | Mossides",
}
TEXT_TRIPLES = {"Paludine | has_adverse_effect | green hair"}


def prove(work: Path, api: str) -> None:
    plain = crawl(api, work / "plain", "infobox")
    report = plain["report"]
    check("infoboxes give the triples that the pages list", triples_of(plain) ^ INFOBOX_TRIPLES, set())
    check("the walk ends by itself and says that no model read", report["stoppedBy"], "nothing left to read")
    check("no model, said aloud", report["extraction"].split(":")[0], "infoboxes only")
    rights = "Creative Commons Attribution-ShareAlike 4.0, https://creativecommons.org/licenses/by-sa/4.0/"
    check("the licence is the server's", report["license"], rights)
    check("a disambiguation page gives no triple", report["rejected"], {"link to a disambiguation page": 1})
    pages = [json.loads(line) for line in (work / "plain" / "records.jsonl").read_text().splitlines()]
    read = {page["title"]: page for page in pages if page["kind"] == "page"}
    check("pages about nothing medical lead nowhere", "Chess" in read, False)
    check("a redirect is one page", ("Bog ague" in read, "Marsh fever" in read), (False, True))
    entities = {entity["label"]: entity["key"] for page in read.values() for entity in page["entities"]}
    check("entities have their items", entities["Paludine"], "WIKIDATA:Q900004")
    check("a redirect to a part of a page is its own entity", entities["Wet feet"], "wiki-agent:name/wet feet")
    for page in read.values():
        with urllib.request.urlopen(page["url"], timeout=60) as answer:
            text = answer.read().decode()
        if page["title"].replace("'", "&#039;") not in text or f'"wgRevisionId":{page["revision"]}' not in text:
            check(f"{page['url']} is the revision read", False, True)
            break
    else:
        check("every address opens the revision that was read", True, True)

    asked = access(work)
    agents = {line["agent"] for line in asked}
    check("every request names the contact", agents, {"fleming-wiki-agent/1 (interop@fleming.example)"})
    manners = {(line["query"].get("maxlag"), line["query"].get("format"), line["query"].get("formatversion")) for line in asked}
    check("every request bears lag and asks for JSON", manners, {("5", "json", "2")})

    told = crawl(api, work / "lag", "lag")
    check("the server's own maxlag refusal is understood", "maxlag" in told["told"], True)
    check("its Retry-After is waited", told["pausesMs"], [5000])

    model = crawl(api, work / "model", "model")
    check("a model adds what the sections say", triples_of(model) ^ INFOBOX_TRIPLES ^ TEXT_TRIPLES, set())
    rejected = model["report"]["rejected"]
    check("the order of a hostile page adds no triple", any("arsenic" in row for row in triples_of(model)), False)
    check("and is counted", rejected.get("quote inside code"), 1)

    whole = (work / "model" / "records.jsonl").read_bytes()
    kills = crawl_killed(api, work / "killed", "model")
    check("killed again and again, the crawl ends", kills > 3, True)
    check("and its records are the same bytes", (work / "killed" / "records.jsonl").read_bytes() == whole, True)


def main() -> int:
    if not install():
        print("0 passed, 0 failed, 1 not installed")
        return 1
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        work = Path(folder)
        make_wiki(work, port)
        with serving(work, port):
            prove(work, f"http://127.0.0.1:{port}/api.php")
    print(f"{tally['passed']} passed, {tally['failed']} failed", flush=True)
    return 1 if tally["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
