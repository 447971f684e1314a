"""The hosted page of a verification: the person types the code here, and no agent sees it."""
