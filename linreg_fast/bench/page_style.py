"""How the report looks: light and dark, on a telephone, on a wide screen, on paper."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#566174;--line:#e4e7ec;--page:#f6f7f9;
--card:#fff;--warn:#8a5a00;--wrong:#b42318;--vector:#15803d;--scalar:#b45309;--move:#1d4ed8}
@media screen and (prefers-color-scheme:dark){:root{
--ink:#e6e9ee;--soft:#a3adbd;--line:#2b3442;--page:#0e131b;
--card:#161d28;--warn:#f3c46b;--wrong:#ff8a7a;--vector:#7ee2a8;--scalar:#ffb86b;--move:#93c5fd}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,
"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1280px;margin:0 auto;padding:28px 16px 60px}
h1{font-size:28px;line-height:1.2;margin:0 0 8px}h2{font-size:18px;margin:0 0 6px}
h3{font-size:15px;margin:0}p{margin:0 0 10px;color:var(--soft);max-width:85ch}
.lead{font-size:17px;color:var(--ink)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px;
margin:0 0 16px}
.chips{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 20px}
.chips span{background:var(--card);border:1px solid var(--line);border-radius:14px;
padding:3px 12px;font-size:13px}.warn{color:var(--warn)}.wrong td{color:var(--wrong)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;min-width:640px}
th,td{text-align:left;font-weight:400;padding:7px 10px;border-top:1px solid var(--line);
vertical-align:top}thead th{border:0;color:var(--soft);font-size:13px}tbody th{font-weight:600}
small{display:block;font-weight:400;font-size:12px;line-height:1.3;color:var(--soft)}
.parts{display:flex;height:12px;min-width:130px;border-radius:4px;overflow:hidden;
background:var(--line)}.parts i{display:block;height:100%}.parts+small{margin-top:3px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:12.5px;color:var(--soft);
margin-top:12px}u{display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:6px}
summary{cursor:pointer}summary h2{display:inline}details[open] summary{margin-bottom:10px}
svg{display:block;max-width:100%;height:auto;min-width:520px}
svg text{font-family:system-ui,-apple-system,"Segoe UI",sans-serif !important}
figure{margin:0}.pictures{display:grid;gap:16px;margin:0 0 16px;
grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr))}.pictures section{margin:0}
.blocks{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));
gap:16px}.blocks>div{min-width:0}
pre{margin:6px 0 0;border:1px solid var(--line);border-radius:8px;padding:10px 12px;
font:12px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;overflow:auto;max-height:420px}
.vector{color:var(--vector)}.scalar{color:var(--scalar)}.move{color:var(--move)}
td>span{white-space:nowrap}td small{white-space:nowrap}
@media screen and (max-width:700px){table{min-width:0}thead{display:none}
tr{display:grid;grid-template-columns:1fr 1fr;gap:6px 12px;padding:10px 0;
border-top:1px solid var(--line)}th,td{border:0;padding:0}
tbody th,td.wide,td[colspan]{grid-column:1/-1}
td[data-of]::before{content:attr(data-of);display:block;font-size:12px;color:var(--soft)}
td small{white-space:normal}svg{min-width:0}}
@media print{:root{color-scheme:light}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{background:#fff;font-size:12px}main{padding:0;max-width:none}table{min-width:0}
tr,figure,.blocks>div{break-inside:avoid}h2,h3,summary{break-after:avoid}
.pictures{display:block}.pictures section{margin:0 0 16px}svg{min-width:0;max-width:520px}
details::details-content{content-visibility:visible;height:auto}summary{list-style:none}
.scroll{overflow:visible}td small{white-space:normal}th,td{padding:4px 6px}.parts{min-width:90px}
pre{max-height:none;overflow:visible;white-space:pre-wrap;font-size:9px}}
"""
