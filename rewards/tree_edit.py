"""Edit distance of ordered, labelled trees.

K. Zhang, D. Shasha: Simple fast algorithms for the editing distance between trees and related problems. SIAM Journal on
Computing 18(6), 1989.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """A node: what it is, what it says, and its children in order."""

    kind: str
    label: frozenset[str] = frozenset()
    children: list["Node"] = field(default_factory=list)

    def size(self) -> int:
        """Count the nodes of this tree."""
        return 1 + sum(child.size() for child in self.children)


def edit_distance(one: Node, other: Node, rename: Callable[[Node, Node], float]) -> float:
    """Least cost of insertions and deletions (1 each) and renamings that turn one tree into the other.

    Parameters
    ----------
    one, other : Node
        Time is the product of both sizes and of both depths (or numbers of leaves, if less).
    rename : callable
        Cost of turning one node into another; 0 for equal nodes, at most 2.

    Examples
    --------
    >>> a, b = Node("a", children=[Node("b"), Node("c")]), Node("a", children=[Node("c")])
    >>> edit_distance(a, b, lambda x, y: float(x.kind != y.kind))
    1.0
    """
    first, second = _Indexed(one), _Indexed(other)
    distance = [[0.0] * len(second.nodes) for _ in first.nodes]
    costs = [[rename(a, b) for b in second.nodes] for a in first.nodes]
    for i in first.keyroots:
        for j in second.keyroots:
            _forest_distances(first, second, i, j, distance, costs)
    return distance[-1][-1]


class _Indexed:
    """Nodes in postorder, the leftmost leaf of each, and the roots that distances are computed for."""

    def __init__(self, root: Node) -> None:
        self.nodes: list[Node] = []
        self.leftmost: list[int] = []
        self._visit(root)
        self.keyroots = sorted({leaf: number for number, leaf in enumerate(self.leftmost)}.values())

    def _visit(self, node: Node) -> int:
        leaves = [self._visit(child) for child in node.children]
        leftmost = leaves[0] if leaves else len(self.nodes)
        self.nodes.append(node)
        self.leftmost.append(leftmost)
        return leftmost


def _forest_distances(
    first: _Indexed, second: _Indexed, i: int, j: int, distance: list[list[float]], costs: list[list[float]]
) -> None:
    """Fill in the distances of all subtrees on the leftmost paths of subtrees ``i`` and ``j``."""
    left_i, left_j = first.leftmost[i], second.leftmost[j]
    rows, columns = i - left_i + 2, j - left_j + 2
    forest = [[float(row + column) if 0 in (row, column) else 0.0 for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        a = left_i + row - 1
        for column in range(1, columns):
            b = left_j + column - 1
            best = min(forest[row - 1][column], forest[row][column - 1]) + 1.0
            if first.leftmost[a] == left_i and second.leftmost[b] == left_j:
                forest[row][column] = distance[a][b] = min(best, forest[row - 1][column - 1] + costs[a][b])
            else:
                before = forest[first.leftmost[a] - left_i][second.leftmost[b] - left_j]
                forest[row][column] = min(best, before + distance[a][b])
