"use strict";
// Tables sort by a click on a column's name, filter by a word, and show their first rows. Without this they show all.
(() => {
    const FIRST = 25;
    const FILTERED_FROM = 12;

    const text = (cell) => (cell.querySelector(".value") ?? cell).textContent.trim();

    // "1,234.50 EUR", "12.3%", "−0.4", "3 of 40": by the first number in it.
    const number = (cell) => {
        const found = text(cell).replace(/,/g, "").replace(/\u2212/g, "-").match(/-?\d+(\.\d+)?/);
        return found ? Number(found[0]) : null;
    };

    const compare = (a, b, isNumeric) => {
        if (!isNumeric) {
            return text(a).localeCompare(text(b), "en", { numeric: true });
        }
        const [left, right] = [number(a), number(b)];
        return left === right ? 0 : left === null ? 1 : right === null ? -1 : left - right;
    };

    for (const table of document.querySelectorAll("table")) {
        const [head, body] = [table.tHead, table.tBodies[0]];
        const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
        if (rows.length < 2) {
            continue;
        }
        const totals = [...body.rows].filter((row) => row.classList.contains("total"));
        let [sorted, word, isWhole] = [rows, "", rows.length <= FIRST];
        const more = document.createElement("button");

        const show = () => {
            const found = sorted.filter((row) => row.textContent.toLowerCase().includes(word));
            for (const row of rows) {
                row.hidden = true;
            }
            for (const row of isWhole ? found : found.slice(0, FIRST)) {
                row.hidden = false;
            }
            more.hidden = isWhole || found.length <= FIRST;
            more.textContent = `Show all ${found.length} rows`;
        };

        [...head.rows[0].cells].forEach((name, at) => {
            const button = document.createElement("button");
            button.type = "button";
            button.className = "sort";
            button.append(...name.childNodes);
            name.append(button);
            button.addEventListener("click", () => {
                const isNumeric = name.classList.contains("n");
                const was = name.getAttribute("aria-sort");
                const falls = was ? was === "ascending" : isNumeric;
                for (const other of head.rows[0].cells) {
                    other.removeAttribute("aria-sort");
                }
                name.setAttribute("aria-sort", falls ? "descending" : "ascending");
                const sign = falls ? -1 : 1;
                sorted = [...rows].sort((a, b) => sign * compare(a.cells[at], b.cells[at], isNumeric));
                body.append(...sorted, ...totals);
                show();
            });
        });

        const frame = table.closest(".scroll");
        if (rows.length >= FILTERED_FROM) {
            const filter = document.createElement("input");
            filter.type = "search";
            filter.className = "filter";
            filter.placeholder = "Filter rows";
            filter.setAttribute("aria-label", `Filter rows of: ${table.getAttribute("aria-label")}`);
            filter.addEventListener("input", () => {
                word = filter.value.trim().toLowerCase();
                show();
            });
            frame.before(filter);
        }
        more.type = "button";
        more.className = "all";
        more.addEventListener("click", () => {
            isWhole = true;
            show();
        });
        frame.after(more);
        show();
    }
})();
