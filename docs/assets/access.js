// What the theme leaves out: a name for the search dialog, and the keyboard's way into what scrolls sideways.
function mend() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  for (const each of document.querySelectorAll(".md-typeset pre > code, .md-typeset__scrollwrap")) {
    if (each.scrollWidth > each.clientWidth) each.setAttribute("tabindex", "0");
    else each.removeAttribute("tabindex");
  }
}
addEventListener("load", mend);
addEventListener("resize", mend);
