"""What right-sizing saves and loses, on labelled tasks and simulated models of stated accuracies.

The rooms are the product's: routes, checks of answers, prices, outcomes. Only models and tasks are synthetic, so the
figures show the arithmetic for stated accuracies, and nothing about any real model.
"""
