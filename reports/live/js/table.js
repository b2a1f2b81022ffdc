// Tables whose rows come and change: each row is kept under its key, so that focus, scrolling and selection stay where they are.

/** Puts a text where it is not yet: what stays the same is not touched. */
function say(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Brings the children of an element into this order, moving as little as possible. */
function arrange(parent, wanted) {
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

/** Elements by key: made when first asked for, gone when not asked for any more. */
class Kept {
  constructor(parent, create) {
    this.parent = parent;
    this.create = create;
    this.all = new Map();
  }

  show(rows, key, fill) {
    const next = new Map();
    for (const row of rows) {
      const name = key(row);
      const element = this.all.get(name) ?? next.get(name) ?? this.create(row);
      next.set(name, element);
      fill(element, row);
    }
    this.all = next;
    arrange(this.parent, [...next.values()]);
  }
}

/** A table that is sorted by its headings. Columns: title, text of a row, what to sort by, and whether it is a number. */
class LiveTable {
  constructor(table, columns, key) {
    this.columns = columns;
    this.key = key;
    this.rows = [];
    this.sorting = { by: null, down: true };
    const heading = make("tr");
    table.tHead.append(heading);
    columns.forEach((column, at) => {
      const button = make("button", { type: "button", class: "sort" }, column.title);
      const cell = make("th", { scope: "col", ...(column.number ? { class: "n" } : {}) }, button);
      button.addEventListener("click", () => {
        const again = this.sorting.by === at;
        this.sorting = { by: at, down: again ? !this.sorting.down : Boolean(column.number) };
        for (const other of heading.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", this.sorting.down ? "descending" : "ascending");
        this.draw();
      });
      heading.append(cell);
    });
    this.kept = new Kept(table.tBodies[0], () => make("tr", {}, ...columns.map((column, at) => (
      at === 0 ? make("th", { scope: "row" }) : make("td", column.number ? { class: "n" } : {})))));
  }

  show(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    const { by, down } = this.sorting;
    let rows = this.rows;
    if (by !== null) {
      const value = this.columns[by].value ?? this.columns[by].text;
      const order = (a, b) => {
        const [left, right] = [value(a), value(b)];
        return typeof left === "string" ? left.localeCompare(right) : (left ?? -1) - (right ?? -1);
      };
      rows = [...rows].sort((a, b) => (down ? order(b, a) : order(a, b)));
    }
    this.kept.show(rows, this.key, (element, row) => {
      this.columns.forEach((column, at) => {
        say(element.cells[at], column.text(row));
        element.cells[at].classList.toggle("bad", Boolean(column.bad?.(row)));
      });
    });
  }
}
