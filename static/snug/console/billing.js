// On the billing page: fetches the invoices into their place. Without it a link leads to them.

const place = document.querySelector("[data-papers]");
const wanted = place?.querySelector("a");

async function fetchPapers() {
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(place.dataset.papers, { redirect: "manual" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const papers = page.querySelector("[data-papers-here]");
    if (papers) place.replaceChildren(...papers.childNodes);
  } catch {
    // The link is still there.
  } finally {
    place.removeAttribute("aria-busy");
  }
}

if (wanted) fetchPapers();
