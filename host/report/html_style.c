#include "html_internal.h"

/* Colours of methods and constituents are those of the plots (plot_style.c). Dark colours are for
 * screens only: what is printed is light. */
static const char colours[] =
    ":root{color-scheme:light dark;--bg:#fff;--panel:#f6f7f9;--ink:#1b1f26;--soft:#566072;"
    "--line:#dde1e7;--grid:#e9ecf0;--pos:#b3470a;--neg:#1857a8;--seq:#1857a8;--none:#eef0f3;"
    "--hit:#14713f;--false:#a3321a;--miss:#7a5a00;--hitb:#e3f4ea;--falseb:#fbe6e1;--missb:#faf0d2;"
    "--c0:#2a86ee;--c1:#96140a;--c2:#1e7d62;--c3:#992fb2;--c4:#a08c00;--c5:#3a435e}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#14171c;--panel:#1c2027;"
    "--ink:#e4e8ee;--soft:#9aa5b5;--line:#343b47;--grid:#262c35;--pos:#ff9d57;--neg:#6db1ff;"
    "--seq:#6db1ff;--none:#20252d;--hit:#6fdc9f;--false:#ff9b85;--miss:#ecc95a;--hitb:#16301f;"
    "--falseb:#3a1d18;--missb:#332a10;--c0:#4b80fd;--c1:#fc6420;--c2:#48f0be;--c3:#b06ba0;"
    "--c4:#ebcc1a;--c5:#9cb9d2}}\n";

static const char text_rules[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;-webkit-text-size-adjust:100%}\n"
    "main{max-width:1180px;margin:0 auto;padding:28px 24px 64px}\n"
    "h1{font-size:27px;line-height:1.2;margin:0 0 6px}\n"
    "h2{font-size:20px;margin:44px 0 6px;padding-top:14px;border-top:1px solid var(--line)}\n"
    "h3{font-size:15.5px;margin:22px 0 4px}\n"
    "p{margin:6px 0 12px;max-width:78ch}.lead,.note,figcaption{color:var(--soft)}\n"
    ".note{font-size:13.5px}figcaption{font-size:13px}figure{margin:0 0 10px}\n"
    "nav{margin:16px 0 0;font-size:14px}nav a{color:inherit;margin-right:16px;white-space:nowrap;"
    "text-decoration-color:var(--line);text-underline-offset:3px}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:18px 0 0;"
    "padding:14px 16px;background:var(--panel);border-radius:8px;font-size:14px}\n"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
    "details{margin:10px 0}summary{cursor:pointer;color:var(--soft)}\n"
    "pre{font-size:12px;line-height:1.45;background:var(--panel);padding:14px;border-radius:8px;"
    "overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".wide{overflow-x:auto;max-width:100%}.wide svg{display:block;max-width:100%;height:auto}\n"
    ".pair{display:flex;flex-wrap:wrap;gap:8px 24px;align-items:flex-start}.pair>*{max-width:100%;"
    "min-width:0}\n"
    ".key{font-size:13.5px;margin:4px 0 8px}.key span{margin-right:18px;white-space:nowrap}\n"
    ".sw{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;"
    "vertical-align:-1px;print-color-adjust:exact;-webkit-print-color-adjust:exact}\n";

static const char table_rules[] =
    "table{border-collapse:collapse;font-size:14px;margin:6px 0 14px}\n"
    "th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}th{font-weight:600}thead th{vertical-align:bottom}\n"
    ".num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td.num b{font-weight:600}.ci{color:var(--soft);font-size:12.5px}\n"
    ".mh{text-align:left;padding-left:14px;border-left:1px solid var(--line)}\n"
    "td.first,th.first{border-left:1px solid var(--line);padding-left:14px}\n"
    "tbody th{font-weight:400}tr.head th{padding-top:16px;color:var(--soft)}\n"
    ".small th,.small td{padding-top:3px;padding-bottom:3px;font-size:13px}\n"
    "ul.id{list-style:none;margin:0;padding:0;font-size:13.5px}ul.id li{margin:0 0 3px}\n"
    ".tag{display:inline-block;min-width:54px;padding:0 6px;border-radius:4px;font-size:12px;"
    "margin-right:7px;text-align:center;print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}\n"
    ".hit{color:var(--hit);background:var(--hitb)}.false{color:var(--false);background:"
    "var(--falseb);font-weight:600}.miss{color:var(--miss);background:var(--missb)}\n"
    ".said{color:var(--soft);white-space:nowrap}\n"
    "table.id td,table.id th{min-width:130px}table.id td+td{min-width:270px}\n";

static const char picture_rules[] =
    "svg text{font-size:12px;fill:var(--ink);font-family:inherit}svg .t{font-size:11px;"
    "fill:var(--soft)}svg .n{font-size:9.5px}svg .s{font-size:8px}\n"
    ".g{stroke:var(--grid)}.a{stroke:var(--soft)}.d{stroke:var(--soft);stroke-dasharray:5 4}\n"
    ".l{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}\n"
    ".m{fill:none;stroke:var(--ink);stroke-width:10;stroke-linejoin:round}\n"
    ".h{fill:none;stroke-width:12;stroke-linejoin:round}\n"
    ".k0{stroke:var(--c0)}.k1{stroke:var(--c1)}.k2{stroke:var(--c2)}.k3{stroke:var(--c3)}"
    ".k4{stroke:var(--c4)}.k5{stroke:var(--c5)}\n"
    "circle.k0{fill:var(--c0)}circle.k1{fill:var(--c1)}circle.k2{fill:var(--c2)}"
    "circle.k3{fill:var(--c3)}\n"
    ".b0{background:var(--c0)}.b1{background:var(--c1)}.b2{background:var(--c2)}\n"
    ".b3{background:var(--c3)}.b4{background:var(--c4)}.b5{background:var(--c5)}\n"
    ".ink{background:var(--ink)}\n"
    ".ps{fill:var(--pos)}.ng{fill:var(--neg)}.sq{fill:var(--seq)}.no{fill:var(--none)}\n"
    ".fr{fill:none;stroke:var(--line)}svg .inv{fill:var(--bg)}\n"
    ".many{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:4px 14px}\n"
    ".many svg{display:block;width:100%;height:auto}.many figure{margin:0}\n";

static const char narrow_rules[] =
    "@media(max-width:640px){main{padding:18px 14px 40px}h1{font-size:22px}dl{display:block}"
    "dt{margin-top:6px;font-size:12.5px}table{font-size:13px}"
    "th,td{padding-right:10px}.span{display:none}\n"
    "table.id,table.id tbody,table.id tr,table.id td,table.id th{display:block;min-width:0;"
    "border:0}table.id td+td{min-width:0}table.id thead{display:none}"
    "table.id tr{border-bottom:1px solid var(--line);padding:8px 0}"
    "table.id td[data-m]::before{content:attr(data-m);display:block;color:var(--soft);"
    "font-size:12px}}\n"
    "@media print{@page{margin:14mm}body{font-size:11px}main{max-width:none;padding:0}"
    "nav{display:none}h2{break-after:avoid}svg,figure,tr,.wide{break-inside:avoid}"
    ".wide{overflow:visible}.wide "
    "svg{min-width:0!important}table{font-size:10px}th,td{padding-right:7px}.small th,.small "
    "td{font-size:9px}h3{break-after:avoid}"
    "svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void fmx__html_style(fmx__svg *page)
{
    fmx__svg_raw(page, "<style>\n");
    fmx__svg_raw(page, colours);
    fmx__svg_raw(page, text_rules);
    fmx__svg_raw(page, table_rules);
    fmx__svg_raw(page, picture_rules);
    fmx__svg_raw(page, narrow_rules);
    fmx__svg_raw(page, "</style>\n");
}
