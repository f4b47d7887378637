// What scripts/mutants.mjs changes: operators, constants, conditions, order, keys.
import ts from "typescript";

const OPERATORS = new Map(
  "+:- -:+ *:/ /:* %:* **:* <:<= <=:< >:>= >=:> ===:!== !==:=== &&:|| ||:&& <<:>> >>:<< >>>:>> &:| |:& ^:| +=:-= -=:+="
    .split(" ")
    .map((swap) => swap.split(":")),
);
const CALLS = { max: "min", min: "max", floor: "ceil", ceil: "floor", round: "floor", every: "some", some: "every" };

/** Whether this is for the types alone: what an extent of a shape would be that had none. */
function isExtentDefault({ parent: element }) {
  if (!ts.isBindingElement(element) || !ts.isArrayBindingPattern(element.parent)) return false;
  const { initializer } = element.parent.parent;
  return initializer !== undefined && /\bshape$/.test(initializer.getText());
}

/** The changes of one node. */
function changesOf(node) {
  const whole = (text) => [[node.getStart(), node.end, text]];
  const not = (condition) => [condition.getStart(), condition.end, `!(${condition.getText()})`];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return whole("false");
  if (node.kind === ts.SyntaxKind.FalseKeyword) return whole("true");
  if (ts.isNumericLiteral(node)) {
    if (isExtentDefault(node)) return [];
    const value = Number(node.text.replaceAll("_", ""));
    if (!Number.isInteger(value)) return [...whole(`${value * 1.1}`), ...whole(`${value * 0.9}`)];
    return [...whole(`${value + 1}`), ...(value > 0 ? whole(`${value - 1}`) : [])];
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const operand = node.operand.getText();
    const { PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
    if (node.operator === PlusPlusToken) return whole(`--${operand}`);
    return node.operator === MinusMinusToken ? whole(`++${operand}`) : whole(operand);
  }
  if (ts.isBinaryExpression(node)) {
    const { left, right, operatorToken } = node;
    const [a, b] = [left.getText(), right.getText()];
    if (operatorToken.getText() === "??") return [...whole(`(${a})`), ...whole(`(${b})`)];
    const other = OPERATORS.get(operatorToken.getText());
    if (!other) return [];
    const changes = [[operatorToken.getStart(), operatorToken.end, other]];
    const { parent } = node;
    // a loop that runs the other way never ends, which says nothing of tests
    if (ts.isForStatement(parent) && parent.incrementor === node) return [];
    if (operatorToken.getText() === "-" && ts.isArrowFunction(parent) && parent.parameters.length === 2)
      changes.push(...whole(`${b} - ${a}`)); // a comparator: the other order
    return changes;
  }
  if (ts.isConditionalExpression(node)) return [not(node.condition)];
  if (ts.isWhileStatement(node)) return [not(node.expression)];
  if (ts.isIfStatement(node)) {
    const body = ts.isBlock(node.thenStatement) ? node.thenStatement.statements.at(-1) : node.thenStatement;
    const leaves = !node.elseStatement && body && (ts.isReturnStatement(body) || ts.isThrowStatement(body));
    return [not(node.expression), ...(leaves ? whole("{}") : [])];
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name } = node.expression;
    const other = Object.hasOwn(CALLS, name.text) ? CALLS[name.text] : undefined;
    if (other) return [[name.getStart(), name.end, other]];
    if (/^(abs|sort|reverse|toSorted|toReversed)$/.test(name.text)) {
      const argument = name.text === "abs" ? node.arguments[0] : node.expression.expression;
      return whole(`(${argument?.getText()})`);
    }
  }
  // A key made of several values, less one of them. (What has spaces is for people.)
  if (ts.isTemplateSpan(node) && !/\s/.test(node.parent.getText()))
    return [[node.expression.getStart(), node.expression.end, '""']];
  return [];
}

/**
 * The changes of a module, of which each may make it wrong, outside types, imports and what errors
 * say: [start, end, replacement] each.
 *
 * @param {import("typescript").SourceFile} file
 * @returns {[number, number, string][]}
 */
export function changesIn(file) {
  const changes = [];
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isThrowStatement(node) || (ts.isNewExpression(node) && /Error$/.test(node.expression.getText()))) return;
    changes.push(...changesOf(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return changes;
}
