"""The look of the page: fonts of the visitor's system, one accent colour, light and dark."""

from importlib.resources import files
from typing import Any

__all__ = ["head", "theme"]

SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]

# Gradio labels each message with its whole source, which a screen reader would read instead of the message,
# and the upload with other words than it shows
HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<script>
(() => {
  const name = {user: "Question", bot: "Answer"};
  const relabel = () => document.querySelectorAll("[data-testid=user], [data-testid=bot]").forEach(node => {
    const label = name[node.dataset.testid];
    if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
  }) || document.querySelector("#dr-upload button[aria-dropeffect]")?.removeAttribute("aria-label");
  new MutationObserver(relabel).observe(document, {childList: true, subtree: true});
})();
</script>
"""


def head() -> str:
    """Return the head of the page with its style sheet; Gradio rewrites the selectors of its ``css``."""
    sheet = files("dynamicrag.serve.web").joinpath("page.css").read_text("utf-8")
    return f"{HEAD}<style>{sheet}</style>"


def theme() -> Any:
    """Return Gradio's theme; it loads no font."""
    import gradio as gr

    accent = gr.themes.Color(
        "#eef6fb", "#d6eaf6", "#aed5ec", "#7dbbe0", "#4a9fd8", "#1c7fbd", "#0a6aa8", "#0a588a", "#0b4870",
        "#0c3b5b", "#08263c",
    )  # fmt: skip
    made = gr.themes.Base(
        primary_hue=accent, secondary_hue=accent, neutral_hue=gr.themes.colors.stone, font=SANS,
        font_mono=MONO, radius_size=gr.themes.sizes.radius_md, text_size=gr.themes.sizes.text_md,
    )  # fmt: skip
    return made.set(
        body_background_fill="#fbfaf8", body_background_fill_dark="#14161a",
        body_text_color="#1b1d21", body_text_color_dark="#eceae6",
        body_text_color_subdued="#5d626b", body_text_color_subdued_dark="#a2a7b0",
        block_background_fill="transparent", block_background_fill_dark="transparent",
        block_border_width="0px", block_shadow="none", block_label_text_color="#5d626b",
        block_label_text_color_dark="#a2a7b0", block_title_text_color="#5d626b",
        block_title_text_color_dark="#a2a7b0", block_padding="0",
        block_info_text_color="#5d626b", block_info_text_color_dark="#a2a7b0",
        border_color_primary="#e4e1db", border_color_primary_dark="#2f343c",
        background_fill_secondary="transparent", background_fill_secondary_dark="transparent",
        color_accent_soft="#eaf3f9", color_accent_soft_dark="#1b2b38",
        input_background_fill="#ffffff", input_background_fill_dark="#1b1e23",
        input_border_color="#d8d4cc", input_border_color_dark="#3a3f48", input_border_width="1px",
        button_secondary_background_fill="#ecebe7", button_secondary_background_fill_dark="#262b33",
        button_secondary_background_fill_hover="#e2e0da",
        button_secondary_background_fill_hover_dark="#323843",
        button_secondary_text_color="#1b1d21", button_secondary_text_color_dark="#eceae6",
        button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600", button_primary_text_color="#ffffff",
        button_primary_background_fill_hover_dark="*primary_500",
    )  # fmt: skip
