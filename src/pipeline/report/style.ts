/** The style sheet of the page: one column of text, tables in small figures, two colour schemes, and print. */
export const style = `
:root{color-scheme:light dark;--page:#fdfdfa;--ink:#1c1c1a;--quiet:#5c5c56;--rule:#dcdad0;--soft:#f3f2ec;--up:#1b6b3d;--down:#a8192e;--warn:#8a5a00;--warn-soft:#fdf3dd;--s2:#005f9e;--s3:#a84a00;--s4:#7a3b8f;--s1:#00695c}
@media (prefers-color-scheme:dark){:root{--page:#161615;--ink:#e9e8e3;--quiet:#a5a49c;--rule:#3a3936;--soft:#21211f;--up:#7fd3a0;--down:#ff9191;--warn:#f0c469;--warn-soft:#2c2618;--s2:#74b9ea;--s3:#f2a463;--s4:#d3a1e3;--s1:#5cc9b8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 "Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif}
main{max-width:1120px;margin:0 auto;padding:28px 24px 48px}
h1{font-weight:400;font-size:2rem;line-height:1.15;margin:0}
h2{font-weight:400;font-size:1.45rem;margin:2.6rem 0 .7rem;padding-top:.7rem;border-top:1px solid var(--rule)}
h3{font-weight:400;font-style:italic;font-size:1.12rem;margin:1.4rem 0 .4rem}
h4{font:600 .8rem/1.4 system-ui,sans-serif;margin:0 0 .3rem}
p{margin:.4rem 0;max-width:80ch}
section>.quiet,.lead{max-width:110ch}
a{color:var(--s2);text-underline-offset:2px}
code{font:.82em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.subtitle,.quiet,small,caption,figcaption,nav,table,.chart text,summary,article,.falls p,footer{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.subtitle,.quiet{color:var(--quiet);font-size:.82rem}
.subtitle{margin:.2rem 0 .8rem}
.lead{font-size:1.02rem}
.notice{max-width:none;margin:.2rem 0 .8rem;padding:.55rem .8rem;border-left:4px solid var(--warn);background:var(--warn-soft);font:600 .92rem/1.4 system-ui,sans-serif}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.84rem;margin-top:.6rem}
header+section h2{margin-top:1.1rem}
.scroll{overflow-x:auto;margin:.7rem 0 1.1rem}
table{border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums lining-nums;line-height:1.3}
caption{text-align:left;padding:0 0 .35rem;font-size:.9rem;caption-side:top}
th,td{padding:.22rem .8rem .22rem 0;text-align:right;vertical-align:top;border-top:1px solid var(--rule);font-weight:400}
thead th{border-top:0;border-bottom:1px solid var(--ink);color:var(--quiet);font-size:.78rem;vertical-align:bottom}
tbody tr:first-child>*{border-top:0}
th:first-child,.words{text-align:left}
tbody th{min-width:9.5rem}
small{display:block;font-size:.72rem;color:var(--quiet);font-weight:400}
small.inline{display:inline}
td:not(.words){white-space:nowrap}
.ladder{width:100%}
.ladder td,.ladder th{padding-right:.45rem}
.ladder tbody th{min-width:8.2rem}
.ladder .bar{width:46px;height:8px}
.ladder .figure{display:flex;justify-content:flex-end;align-items:baseline;gap:.4rem}
.ladder .spread{display:flex;justify-content:flex-end;align-items:center;gap:.3rem;white-space:nowrap}
.ladder .spread .bar{margin:0}
.ladder .spread small{min-width:5.4em;text-align:right}
.ladder b{font-size:1rem;font-weight:600}
.ladder td:nth-child(2){border-right:1px solid var(--rule)}
.ladder tbody tr:first-child{color:var(--quiet)}
.ladder tbody tr:last-child>*{background:var(--soft)}
.delta{font-variant-numeric:tabular-nums}
.up{color:var(--up)}.down{color:var(--down)}
.paired small{white-space:nowrap}
.hardest th[scope=row]{max-width:26rem}
.spread{display:flex;justify-content:flex-end;align-items:center;gap:.3rem;white-space:nowrap}.spread .bar{margin:0}
.values{list-style:none;margin:0;padding:0;font-size:.76rem;color:var(--quiet);white-space:nowrap}
.reasons{font:.82rem/1.45 system-ui,sans-serif;color:var(--quiet);margin:-.5rem 0 1.2rem;padding-left:1.1rem;max-width:110ch}
.told .words{max-width:20rem}
.failures{width:100%}.failures th:first-child{width:9rem}
.failures b{min-width:2.6em;font-weight:600}.failures .range{min-width:5.6em;text-align:right}.failures .of{min-width:6.4em;text-align:right}
.bar{display:block;width:64px;height:10px;margin:1px 0 1px auto}
.bar circle,.bar .fill{fill:var(--ink)}.bar .fill{fill:var(--quiet)}
.bar .track{stroke:var(--rule);stroke-width:1}.bar .span{stroke:var(--ink);stroke-width:2}.base{stroke:var(--warn);stroke-width:1.5;stroke-dasharray:3 2}
.bar .base{stroke-dasharray:none}
.falls{border:1px solid var(--down);border-left-width:4px;padding:.3rem .9rem .1rem;margin:.6rem 0 1.2rem}
.falls details{margin:-.5rem 0 .6rem}
.falls.none{border-color:var(--up)}
.falls h3{margin:.3rem 0}
.falls p{font-size:.88rem;margin:.2rem 0 .6rem}
.figures,.pair,.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:.6rem 2rem;align-items:start}
.columns{grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:.8rem 1.4rem}
.columns.four{grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr))}
.chart{margin:.5rem 0}
.chart figcaption{font-size:.88rem;font-weight:600;margin-bottom:.1rem}
.chart svg{display:block;width:100%;height:auto;max-width:620px}
.chart text{font-size:11px;fill:var(--quiet)}
.chart text.name{font-weight:600;font-size:11.5px}
.grid{stroke:var(--rule);stroke-width:1}.tick{stroke:var(--quiet)}.mark{stroke:var(--warn);stroke-width:1.2;stroke-dasharray:2 3}
.chart text.level{font-weight:400;fill:var(--warn)}
.band{fill:var(--soft);stroke:var(--rule);stroke-width:.6}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.raw{fill:none;stroke-width:.8;opacity:.38}
.whisker{stroke-width:1.4}
.s0{stroke:var(--ink)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}
.line.s2{stroke-dasharray:7 2}.line.s3{stroke-dasharray:4 2}.line.s4{stroke-dasharray:1.5 2.5}.line.s1{stroke-dasharray:9 2 2 2}
circle.s0{fill:var(--ink)}circle.s1{fill:var(--s1)}circle.s2{fill:var(--s2)}circle.s3{fill:var(--s3)}circle.s4{fill:var(--s4)}
.chart text.s0{fill:var(--ink);stroke:none}.chart text.s1{fill:var(--s1);stroke:none}.chart text.s2{fill:var(--s2);stroke:none}.chart text.s3{fill:var(--s3);stroke:none}.chart text.s4{fill:var(--s4);stroke:none}
details{margin:.5rem 0}
summary{cursor:pointer;font-size:.88rem;padding:.25rem 0}
.example{border-top:1px solid var(--rule);margin:0;padding:.15rem 0}
.example>p{margin:.2rem 0 .6rem}
.marks{color:var(--quiet);white-space:nowrap;margin-left:.5rem;letter-spacing:.05em}
article{font-size:.82rem;line-height:1.4;border-left:2px solid var(--rule);padding-left:.7rem;overflow-wrap:anywhere}
article.earned{border-color:var(--up)}article.lost{border-color:var(--down)}
article h4 .quiet{font-weight:400}
.steps{list-style:none;margin:0;padding:0}
.steps li{padding-left:1.15rem;text-indent:-1.15rem}
.steps abbr{display:inline-block;width:.9rem;text-indent:0;text-decoration:none;cursor:help}
.supported,.ruled-out{color:var(--up)}.unsupported{color:var(--down)}.hypothesis{color:var(--s2);font-style:italic}.unreadable{color:var(--quiet)}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;font:.8rem/1.5 system-ui,sans-serif}
.legend li{padding:0;text-indent:0}
.answer{margin:.2rem 0}.defects{margin:.1rem 0;color:var(--down);font-size:.76rem}
.raw-text{margin:.2rem 0;white-space:pre-wrap;font:.74rem/1.45 ui-monospace,Menlo,Consolas,monospace;background:var(--soft);padding:.35rem .5rem}
bdi{unicode-bidi:isolate}
footer{margin-top:3rem;border-top:1px solid var(--rule);font-size:.82rem;color:var(--quiet)}
@media print{
:root{--page:#fff;--ink:#000;--quiet:#444;--rule:#bbb;--soft:#f3f3f3;--up:#1b6b3d;--down:#a8192e;--warn:#8a5a00;--warn-soft:#fff;--s1:#00695c;--s2:#005f9e;--s3:#a84a00;--s4:#7a3b8f;color-scheme:light}
@page{margin:14mm}
main{max-width:none;padding:0}nav{display:none}
body{font-size:11pt}table{font-size:8.5pt}
.scroll{overflow:visible}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none}
.columns.four{grid-template-columns:repeat(4,1fr);gap:.6rem}
tr,figure,article,.falls{break-inside:avoid}h2,h3,summary,caption{break-after:avoid}thead{display:table-header-group}
}
`
