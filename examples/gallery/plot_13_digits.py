r"""
Softmax regression on images
============================

Softmax regression gives an image x the class k with the probability :math:`p_k = e^{w_k \cdot x +
b_k} / \sum_j e^{w_j \cdot x + b_j}`, and minimises the mean of :math:`-\log p_y` by steps along
:math:`(p_k - [k = y]) \, x`. All ten classes are learnt in one pass. The weights of a class are a
picture too, of where ink speaks for it (blue) and against it (red): the middle of the 0 must be
empty.

Source: Bishop 2006, "Pattern recognition and machine learning", section 4.3.4; images: E. Alpaydin
& C. Kaynak 1998, "Optical recognition of handwritten digits", UCI.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fastopt.linear_model import SGDClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
softmax = SGDClassifier("multinomial", alpha=1e-3, optimizer="adam", batch_size=32, random_state=0)
softmax.fit(X_train, y_train)
accuracy = softmax.score(X_test, y_test)

figure, axes = plt.subplots(2, 5, figsize=(9, 4), layout="constrained")
top = abs(softmax.coef_).max()
for digit, ax in enumerate(axes.flat):
    picture = softmax.coef_[digit].reshape(8, 8)
    image = ax.imshow(picture, cmap="RdBu", vmin=-top, vmax=top)
    ax.set(title=f"weights of {digit}", xticks=[], yticks=[])
figure.colorbar(image, ax=axes, label="weight")
figure.suptitle(f"{accuracy:.1%} of {len(y_test)} images that it has not seen are told right")
