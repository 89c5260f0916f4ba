"""What requests cost, and who pays: shares of replica-seconds, prices of other APIs, budgets, usage, outcomes of tasks.

Pure, and in one currency, that of the prices; it chooses no target. Its one verb: to account.
"""
