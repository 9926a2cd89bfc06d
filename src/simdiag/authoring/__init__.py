"""The workbench of rule authors: checks, scenario runner, coverage, graph, catalogue."""
