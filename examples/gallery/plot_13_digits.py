r"""
Softmax regression on images
============================

Softmax regression gives an image x the class k with the probability :math:`p_k = e^{w_k \cdot x +
b_k} / \sum_j e^{w_j \cdot x + b_j}`, and minimises the mean of :math:`-\log p_y` by steps along
:math:`(p_k - [k = y]) \, x`. All ten classes are learnt in one pass. The weights of a class are a
picture too, of where ink speaks for it (red) and against it (blue): the middle of the 0 must be
empty.

Source: Bishop 2006, "Pattern recognition and machine learning", section 4.3.4; images: E. Alpaydin
& C. Kaynak 1998, "Optical recognition of handwritten digits", UCI.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fastopt import plot
from fastopt.linear_model import SGDClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
softmax = SGDClassifier("multinomial", alpha=1e-3, optimizer="adam", batch_size=32, random_state=0)
softmax.fit(X_train, y_train)
accuracy = softmax.score(X_test, y_test)

axes = plot.coefficients(softmax, image_shape=(8, 8))
axes[0].figure.suptitle(
    f"{accuracy:.1%} of {len(y_test)} images that it has not seen are told right"
)
