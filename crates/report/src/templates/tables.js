"use strict";
// Figures show how they are known under the pointer, too. Without this, or where browsers do so themselves, by a click.
(() => {
    if ("interestForElement" in HTMLButtonElement.prototype) {
        return;
    }
    for (const button of document.querySelectorAll("[popovertarget]")) {
        const known = document.getElementById(button.getAttribute("popovertarget"));
        let timer;
        const soon = (what) => {
            clearTimeout(timer);
            timer = setTimeout(what, 300);
        };
        const stay = () => clearTimeout(timer);
        const leave = () => soon(() => known.matches(":popover-open") && known.hidePopover());
        button.addEventListener("mouseenter", () => soon(() => known.showPopover({ source: button })));
        button.addEventListener("mouseleave", leave);
        button.addEventListener("click", stay);
        known.addEventListener("mouseenter", stay);
        known.addEventListener("mouseleave", leave);
    }
})();

// Tables sort by a click on a column's name, filter by a word, and show their first rows. Without this they show all.
(() => {
    const PAGE = 25;
    const FILTERED_FROM = 12;

    const text = (cell) => (cell.querySelector(".value") ?? cell).textContent.trim();

    // "1,234.50 EUR", "12.3%", "−0.4", "3 of 40": by the first number in it.
    const number = (cell) => {
        const found = text(cell).replace(/,/g, "").replace(/\u2212/g, "-").match(/-?\d+(\.\d+)?/);
        return found ? Number(found[0]) : null;
    };

    // "9 Mar 2026", "9 Mar 2026, 04:10".
    const date = (cell) => (/^\d{1,2} [A-Z][a-z]{2} \d{4}/.test(text(cell)) ? Date.parse(text(cell).replace(",", "")) : NaN);

    const compare = (a, b, isNumeric) => {
        const days = date(a) - date(b);
        if (!Number.isNaN(days)) {
            return days;
        }
        if (!isNumeric) {
            return text(a).localeCompare(text(b), "en", { numeric: true });
        }
        const [left, right] = [number(a), number(b)];
        return left === right ? 0 : left === null ? 1 : right === null ? -1 : left - right;
    };

    for (const table of document.querySelectorAll("table:not([data-ordered])")) {
        const [head, body] = [table.tHead, table.tBodies[0]];
        const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
        if (rows.length < 2) {
            continue;
        }
        const totals = [...body.rows].filter((row) => row.classList.contains("total"));
        let [sorted, word, from] = [rows, "", 0];
        const pager = document.createElement("p");
        const where = document.createElement("span");
        const [back, on] = [["Back", -PAGE], ["Next", PAGE]].map(([name, step]) => {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = name;
            button.setAttribute("aria-label", `${name} rows of: ${table.getAttribute("aria-label")}`);
            button.addEventListener("click", () => {
                from += step;
                show();
            });
            return button;
        });

        const show = () => {
            const found = sorted.filter((row) => row.textContent.toLowerCase().includes(word));
            for (const row of rows) {
                row.hidden = true;
            }
            for (const row of found.slice(from, from + PAGE)) {
                row.hidden = false;
            }
            pager.hidden = found.length <= PAGE;
            where.textContent = `Rows ${from + 1} to ${Math.min(from + PAGE, found.length)} of ${found.length}`;
            back.disabled = from === 0;
            on.disabled = from + PAGE >= found.length;
        };

        [...head.rows[0].cells].forEach((name, at) => {
            const button = document.createElement("button");
            button.type = "button";
            button.className = "sort";
            const heading = name.querySelector(".name");
            button.append(...heading.childNodes);
            heading.append(button);
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
                from = 0;
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
                from = 0;
                show();
            });
            frame.before(filter);
        }
        if (rows.length > PAGE) {
            pager.className = "pager";
            where.setAttribute("role", "status");
            pager.append(back, where, on);
            frame.after(pager);
        }
        show();
    }
})();
