"""What right-sizing saves and what it loses, on labelled tasks and pretended models of stated accuracies.

The rooms are the product's: routes, checks of answers, prices, outcomes. Only the models and the tasks are made up, so
the figures say what the arithmetic does with stated accuracies, and nothing of any real model.
"""
