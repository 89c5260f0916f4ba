"""What requests cost, and who pays: shares of replica-seconds, prices of other APIs, budgets, usage, outcomes of tasks.

Pure, and in one currency, that of the prices; never chooses a target. Its one verb: to account.
"""
