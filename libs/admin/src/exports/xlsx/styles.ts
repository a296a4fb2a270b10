/** Places of the cell formats in STYLES_XML. */
export const STYLES = { plain: 0, heading: 1, quoted: 2, day: 3, moment: 4, integer: 5, amount: 6, ratio: 7 } as const;

// Formats of our own begin at 164; programs read some of those built in as the reader's locale has them.
const [DAY, MOMENT, AMOUNT, RATIO] = [164, 165, 166, 167];
// Built in: a whole number, and text as it is.
const [INTEGER, TEXT] = [1, 49];

function format(number: number, more = ''): string {
  return `<xf numFmtId="${number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"${more}/>`;
}

export const STYLES_XML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<numFmts count="4"><numFmt numFmtId="${DAY}" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="${MOMENT}" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="${AMOUNT}" formatCode="0.00"/><numFmt numFmtId="${RATIO}" formatCode="0.00%"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="8">
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>
${format(TEXT, ' quotePrefix="1"')}${format(DAY)}${format(MOMENT)}${format(INTEGER)}${format(AMOUNT)}${format(RATIO)}
</cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>`;
