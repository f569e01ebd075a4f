/* Le confort du bureau. Tout marche sans : ici, filtrer un tableau, suivre un travail, demander confirmation. */
"use strict";
(() => {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // Filtrer un tableau à la frappe.
  for (const table of document.querySelectorAll("table[data-filtre]")) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 6) continue;
    const texts = rows.map((row) => plain(row.textContent));
    const box = document.createElement("div");
    box.className = "filtre";
    const field = document.createElement("div");
    field.className = "champ";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    input.id = `filtre-${Math.random().toString(36).slice(2)}`;
    label.htmlFor = input.id;
    label.textContent = table.dataset.filtre;
    const count = document.createElement("p");
    count.className = "filtre-compte";
    count.setAttribute("role", "status");
    field.append(label, input);
    box.append(field, count);
    table.closest(".tableau-cadre").before(box);
    input.addEventListener("input", () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, rank) => {
        row.hidden = !words.every((word) => texts[rank].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = words.length ? `${shown} sur ${rows.length}` : "";
    });
  }

  // Cocher tout : <input type="checkbox" data-cocher="nom">.
  for (const master of document.querySelectorAll("input[data-cocher]")) {
    master.hidden = false;
    master.addEventListener("change", () => {
      for (const box of document.querySelectorAll(`input[type=checkbox][name="${master.dataset.cocher}"]`)) {
        if (!box.closest("tr")?.hidden) box.checked = master.checked;
      }
    });
  }

  // Confirmer un geste qui ne se reprend pas.
  document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirmer || event.target.dataset.confirmer;
    if (asked && !window.confirm(asked)) {
      event.preventDefault();
      return;
    }
    // Un second clic ne refait pas le geste.
    if (event.target.method === "post") {
      setTimeout(() => event.submitter?.setAttribute("disabled", ""), 0);
    }
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[disabled]:not([data-fige])")) button.removeAttribute("disabled");
  });

  // Suivre un travail : relire l'adresse donnée ({fait, total, fini, phrase}), puis recharger la page à la fin.
  for (const block of document.querySelectorAll("[data-suivre]")) {
    const bar = block.querySelector("progress");
    const read = async () => {
      try {
        const answer = await fetch(block.dataset.suivre, { headers: { Accept: "application/json" } });
        if (!answer.ok || answer.redirected) return;
        const state = await answer.json();
        block.querySelector("[data-fait]").textContent = state.fait;
        block.querySelector("[data-total]").textContent = state.total;
        bar.max = state.total || 1;
        bar.value = state.fait;
        if (state.fini) {
          window.location.reload();
          return;
        }
      } catch {
        // Le réseau reviendra : on réessaie au tour suivant.
      }
      setTimeout(read, 2000);
    };
    setTimeout(read, 1000);
  }

  // Une erreur de saisie : y mener le clavier.
  document.getElementById("erreurs")?.focus();
})();
