"""A register of samples: a page to read and add, and the same as JSON for scripts."""

import os
import sqlite3

from flask import Flask, abort, g, jsonify, redirect, render_template, request, url_for

app = Flask(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS sample (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    place TEXT NOT NULL,
    added TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
)
"""


def database():
    """The connection of this request. SQLite's own lock keeps the workers apart."""
    if "database" not in g:
        g.database = sqlite3.connect(os.environ.get("DATABASE", "samples.db"), timeout=5)
        g.database.row_factory = sqlite3.Row
        g.database.execute(SCHEMA)
    return g.database


@app.teardown_appcontext
def close_database(_error):
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


def samples():
    rows = database().execute("SELECT name, place, added FROM sample ORDER BY id DESC")
    return [dict(row) for row in rows]


def add_sample(values):
    name = str(values.get("name", "")).strip()
    place = str(values.get("place", "")).strip()
    if not 0 < len(name) <= 80 or not 0 < len(place) <= 80:
        abort(400, "A sample needs a name and a place, of at most 80 characters")
    try:
        with database() as connection:
            connection.execute("INSERT INTO sample (name, place) VALUES (?, ?)", (name, place))
    except sqlite3.IntegrityError:
        abort(409, f"There is a sample {name} already")
    return {"name": name, "place": place}


@app.get("/")
def page():
    return render_template("index.html", samples=samples())


@app.post("/")
def add_by_form():
    add_sample(request.form)
    return redirect(url_for("page"), code=303)


@app.get("/api/samples")
def list_as_json():
    return jsonify(samples())


@app.post("/api/samples")
def add_as_json():
    values = request.get_json()
    if not isinstance(values, dict):
        abort(400, "An object with name and place is wanted")
    return add_sample(values), 201


@app.get("/health")
def health():
    """Says ok only when the database answers: a process that runs is not yet one that works."""
    count = database().execute("SELECT count(*) FROM sample").fetchone()[0]
    return {"status": "ok", "samples": count}
