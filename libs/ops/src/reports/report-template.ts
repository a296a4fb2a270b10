/**
 * The report as a page of its own. Nothing is loaded from anywhere, and nothing may be. Every verdict is a word; what is
 * switched off is grey and hatched, never green.
 */
export const REPORT_TEMPLATE = `<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}: {{word}}</title>
<style>
body { margin: 0 auto; max-width: 60em; padding: 1.5em 1em; font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2em }
table { border-collapse: collapse; width: 100% }
th, td { padding: .35em .6em; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
td.number { white-space: nowrap; text-align: right }
code { font-size: .85em; overflow-wrap: anywhere }
.word { display: inline-block; padding: 0 .5em; border: 1px solid; border-radius: .25em; font-weight: bold; white-space: nowrap }
.good { color: #14532d; background: #dcf5e3 }
.attention { color: #7a4100; background: #fff0d6 }
.bad { color: #8c1d18; background: #fde7e5 }
.off { color: #444; background: repeating-linear-gradient(45deg, #eee, #eee 6px, #fff 6px, #fff 12px); border-style: dashed }
.notice { margin: 1em 0; padding: .6em 1em; border-left: .4em solid }
.detail { white-space: pre-wrap }
</style>
</head>
<body>
<h1>{{title}}: <span class="word {{mark}}">{{word}}</span></h1>
{{#each notices}}
<div class="notice {{mark}}"><strong>{{label}}</strong><ul>{{#each lines}}<li>{{this}}</li>{{/each}}</ul></div>
{{/each}}
<table>
{{#each facts}}<tr><th scope="row">{{label}}</th><td>{{value}}</td></tr>
{{/each}}</table>
<h2>Steps</h2>
<table>
<tr><th scope="col">Result</th><th scope="col">Step</th><th scope="col">Time</th><th scope="col">Detail</th></tr>
{{#each steps}}<tr><td><span class="word {{mark}}">{{word}}</span></td><td>{{title}}</td><td>{{note}}</td><td class="detail">{{detail}}</td></tr>
{{/each}}</table>
<h2>Copies</h2>
{{#if copies}}<table>
<tr><th scope="col">Result</th><th scope="col">Place</th><th scope="col">When</th><th scope="col">Detail</th></tr>
{{#each copies}}<tr><td><span class="word {{mark}}">{{word}}</span></td><td>{{title}}</td><td>{{note}}</td><td class="detail">{{detail}}</td></tr>
{{/each}}</table>{{else}}<p>none</p>{{/if}}
<h2>Contents</h2>
{{#if artifacts}}<table>
<tr><th scope="col">File</th><th scope="col">Size</th><th scope="col">SHA-256</th></tr>
{{#each artifacts}}<tr><td>{{path}}</td><td class="number">{{size}}</td><td><code>{{sha256}}</code></td></tr>
{{/each}}</table>{{else}}<p>none</p>{{/if}}
<h2>Removed</h2>
{{#if removed}}<table>
<tr><th scope="col">Place</th><th scope="col">Backup</th><th scope="col">Why</th></tr>
{{#each removed}}<tr><td>{{place}}</td><td>{{id}}</td><td>{{why}}</td></tr>
{{/each}}</table>{{else}}<p>none</p>{{/if}}
<h2>Who can open it</h2>
{{#if recipients}}<ul>{{#each recipients}}<li><code>{{this}}</code></li>{{/each}}</ul>{{else}}<p>none</p>{{/if}}
<h2>Tools</h2>
{{#if tools}}<ul>{{#each tools}}<li>{{this}}</li>{{/each}}</ul>{{else}}<p>none</p>{{/if}}
</body>
</html>
`;
